// 64 bits between the two forms that tests and sources have them in.
import type { Hash } from '../../src/upstream/balance/xxhash.ts'

export function bigOf({ hi, lo }: Hash): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo)
}

export function hashFrom(text: string): Hash {
  const big = BigInt(text)
  return { hi: Number(big >> 32n), lo: Number(big & 0xffffffffn) }
}

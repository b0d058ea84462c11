// xxHash64 in halves of 32 bits, against the specification written with BigInt.
import fc from 'fast-check'
import t from 'tap'
import { modulo, xxHash64 } from '../../../../src/upstream/balance/xxhash.ts'
import { bigOf } from '../../../support/hash64.ts'

const MASK = (1n << 64n) - 1n
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

const turn = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & MASK
const round = (acc: bigint, input: bigint): bigint => (turn((acc + input * P2) & MASK, 31n) * P1) & MASK

function reference(bytes: Uint8Array, seedNumber: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const seed = BigInt(seedNumber)
  let at = 0
  let hash = (seed + P5) & MASK
  if (bytes.length >= 32) {
    const lanes = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
    for (; at + 32 <= bytes.length; at += 32)
      lanes.forEach((lane, i) => (lanes[i] = round(lane, view.getBigUint64(at + i * 8, true))))
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint]
    hash = (turn(a, 1n) + turn(b, 7n) + turn(c, 12n) + turn(d, 18n)) & MASK
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8) hash = (turn(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4) & MASK
  if (at + 4 <= bytes.length) {
    hash = (turn(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (turn(hash ^ ((BigInt(bytes[at] as number) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}

t.test('agrees with the specification on bytes of any length and any seed', async (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, seed) => {
    t.equal(bigOf(xxHash64(bytes, seed)), reference(bytes, seed))
  })
  fc.assert(property, { seed: 1, numRuns: 500 })
})

t.test('divides what does not fit a number', async (t) => {
  const property = fc.property(fc.bigInt({ min: 0n, max: MASK }), fc.integer({ min: 1, max: 2 ** 21 }), (big, divisor) => {
    const hash = { hi: Number(big >> 32n), lo: Number(big & 0xffffffffn) }
    t.equal(modulo(hash, divisor), Number(big % BigInt(divisor)))
  })
  fc.assert(property, { seed: 2, numRuns: 500 })
})

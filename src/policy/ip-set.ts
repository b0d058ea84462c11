// A set of addresses and blocks. One look-up for each length of prefix that is in it, however many blocks there are.
// hot path: bench/micro/policy/decide.ts
import { ipToBytes } from '../core/address.ts'

/** The bytes of addresses that were asked for last: a connection asks with the same one for each of its requests. */
const RECENT = 1024
const recent = new Map<string, Uint8Array | null>()

interface Length {
  readonly bits: number
  readonly networks: Set<string>
}

export class IpSet {
  readonly #v4: Length[] = []
  readonly #v6: Length[] = []

  /** Blocks have been checked when they were loaded; what is none is in no set. */
  constructor(blocks: Iterable<string>) {
    for (const block of blocks) {
      const slash = block.indexOf('/')
      const bytes = bytesOf(slash < 0 ? block : block.slice(0, slash))
      if (bytes === null) continue
      // an IPv4-mapped block counts as one of IPv6
      const given = slash < 0 ? bytes.length * 8 : Number(block.slice(slash + 1))
      const bits = bytes.length === 4 && block.includes(':') && slash >= 0 ? given - 96 : given
      if (bits >= 0) this.#add(bytes, bits)
    }
  }

  has(ip: string): boolean {
    const bytes = bytesOf(ip)
    if (bytes === null) return false
    const lengths = bytes.length === 4 ? this.#v4 : this.#v6
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] as Length
      if (length.networks.has(network(bytes, length.bits))) return true
    }
    return false
  }

  #add(bytes: Uint8Array, bits: number): void {
    const lengths = bytes.length === 4 ? this.#v4 : this.#v6
    let length = lengths.find((one) => one.bits === bits)
    if (length === undefined) {
      length = { bits, networks: new Set() }
      lengths.push(length)
    }
    length.networks.add(network(bytes, bits))
  }
}

/** The first bits as text: one character a byte. */
function network(bytes: Uint8Array, bits: number): string {
  const whole = bits >> 3
  let text = ''
  for (let i = 0; i < whole; i++) text += String.fromCharCode(bytes[i] as number)
  const rest = bits & 7
  return rest === 0 ? text : text + String.fromCharCode((bytes[whole] as number) & (0xff << (8 - rest)) & 0xff)
}

/** IPv4 within IPv6 (::ffff:10.0.0.1) is IPv4. */
function bytesOf(ip: string): Uint8Array | null {
  const known = recent.get(ip)
  if (known !== undefined) return known
  const found = ipToBytes(ip)
  const bytes = found === undefined ? null : Uint8Array.from(isMapped(found) ? found.slice(12) : found)
  if (recent.size >= RECENT) recent.clear()
  recent.set(ip, bytes)
  return bytes
}

function isMapped(bytes: readonly number[]): boolean {
  return bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.slice(0, 10).every((byte) => byte === 0)
}

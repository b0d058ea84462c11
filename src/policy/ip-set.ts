// A set of addresses and blocks. One look-up for each length of prefix that is in it, however many blocks there are.
// hot path: bench/micro/policy/decide.ts
import { ipToBytes } from '../core/address.ts'

/** The bytes of addresses that were asked for last: a connection asks with the same one for each of its requests. */
const RECENT = 1024
const recent = new Map<string, Uint8Array | null>()

const DOT = 46

interface Length {
  readonly bits: number
  readonly networks: Set<string | number>
}

export class IpSet {
  readonly #v4: Length[] = []
  readonly #v6: Length[] = []

  /** Blocks have been checked when they were loaded; what is none is in no set. */
  constructor(blocks: Iterable<string>) {
    for (const block of blocks) {
      const found = networkOf(block)
      if (found !== undefined) this.#add(found)
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

  #add({ v6, bits, network: text }: Network): void {
    const lengths = v6 ? this.#v6 : this.#v4
    let length = lengths.find((one) => one.bits === bits)
    if (length === undefined) {
      length = { bits, networks: new Set() }
      lengths.push(length)
    }
    length.networks.add(text)
  }
}

interface Network {
  readonly v6: boolean
  readonly bits: number
  readonly network: string | number
}

/** undefined: not a block. A block within ::ffff:0:0/96 is one of IPv4. */
export function networkOf(block: string): Network | undefined {
  const slash = block.indexOf('/')
  const bytes = bytesOf(slash < 0 ? block : block.slice(0, slash))
  if (bytes === null) return undefined
  const mapped = bytes.length === 4 && block.includes(':')
  const bits = slash < 0 ? bytes.length * 8 : Number(block.slice(slash + 1)) - (mapped ? 96 : 0)
  return bits >= 0 ? { v6: bytes.length === 16, bits, network: network(bytes, bits) } : undefined
}

/** The first bits: of IPv4 a number, of IPv6 a text with one character a byte. */
export function network(bytes: Uint8Array, bits: number): string | number {
  if (bytes.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes
    return bits === 0 ? 0 : (((a << 24) | (b << 16) | (c << 8) | d) & (-1 << (32 - bits))) >>> 0
  }
  const whole = bits >> 3
  let text = ''
  for (let i = 0; i < whole; i++) text += String.fromCharCode(bytes[i] as number)
  const rest = bits & 7
  return rest === 0 ? text : text + String.fromCharCode((bytes[whole] as number) & (0xff << (8 - rest)) & 0xff)
}

/** IPv4 within IPv6 (::ffff:10.0.0.1) is IPv4. */
export function bytesOf(ip: string): Uint8Array | null {
  const v4 = fourBytes(ip)
  if (v4 !== null) return v4
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

/** The usual spelling of IPv4; null: anything else, which may be an address as well. */
function fourBytes(ip: string): Uint8Array | null {
  const { length } = ip
  if (length < 7 || length > 15) return null
  const bytes = new Uint8Array(4)
  let part = 0
  let value = -1
  for (let i = 0; i <= length; i++) {
    const code = i === length ? DOT : ip.charCodeAt(i)
    if (code === DOT) {
      if (value < 0 || value > 255 || part > 3) return null
      bytes[part++] = value
      value = -1
    } else if (code < 48 || code > 57 || value === 0) return null
    else value = Math.max(value, 0) * 10 + code - 48
  }
  return part === 4 ? bytes : null
}

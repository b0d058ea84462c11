// The addresses that this proxy listens on: what is sent there would come back, or get in at a door that is for the operator alone.
import { formatAddress, mustParseAddress, parseCidr, readIp, splitHostPort } from '../core/address.ts'

const LOOPBACK = parseCidr('127.0.0.0/8')
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

export class OwnAddresses {
  readonly #all = new Set<string>()
  readonly #ports = new Set<number>()
  /** Listened on at every address of the machine. */
  readonly #everywhere = new Set<number>()

  /** Addresses as the settings write them. `doors`: where the sidecar itself answers. */
  constructor(listeners: Iterable<string>, doors: Iterable<string> = []) {
    for (const text of listeners) this.#ports.add(this.#add(text))
    for (const text of doors) this.#add(text)
  }

  #add(text: string): number {
    const address = mustParseAddress(text)
    if (address.kind !== 'tcp') return 0
    const { port } = address
    if (EVERYWHERE.has(address.host)) this.#everywhere.add(port)
    for (const host of namesOf(readIp(address.host) ?? address.host)) this.#all.add(formatAddress({ ...address, host }))
    return port
  }

  /** Whether a port of this machine is a listener's, whatever the address. */
  hasPort(port: number): boolean {
    return this.#ports.has(port)
  }

  has(authority: string): boolean {
    const split = splitHostPort(authority.toLowerCase())
    if (split === undefined) return false
    const { port = 80 } = split
    const written = split.host.endsWith('.') ? split.host.slice(0, -1) : split.host
    // 127.1, 0x7f000001 and ::ffff:127.0.0.1 lead to 127.0.0.1
    const host = written.endsWith('.localhost') ? 'localhost' : (readIp(written) ?? written)
    if (this.#everywhere.has(port) && LOOPBACK?.contains(host) === true) return true
    return this.#all.has(formatAddress({ kind: 'tcp', host, port }))
  }
}

/** What callers may write for a host that is listened on. */
function namesOf(host: string): readonly string[] {
  if (EVERYWHERE.has(host)) return ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']
  // a connection to no address in particular is one to loopback
  if (host === '127.0.0.1') return ['localhost', host, '0.0.0.0']
  return host === '::1' ? ['localhost', host, '::'] : [host]
}

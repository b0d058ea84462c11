// The addresses that this proxy listens on: what is sent there would come back.
import { formatAddress, mustParseAddress, splitHostPort } from '../core/address.ts'

export class OwnAddresses {
  readonly #all = new Set<string>()
  readonly #ports = new Set<number>()

  /** `listeners`: addresses as the settings write them. */
  constructor(listeners: Iterable<string>) {
    for (const text of listeners) {
      const address = mustParseAddress(text)
      if (address.kind !== 'tcp') continue
      this.#ports.add(address.port)
      for (const host of namesOf(address.host)) {
        this.#all.add(formatAddress({ ...address, host }))
      }
    }
  }

  /** Whether a port of this machine is a listener's, whatever the address. */
  hasPort(port: number): boolean {
    return this.#ports.has(port)
  }

  has(authority: string): boolean {
    const split = splitHostPort(authority.toLowerCase())
    if (split === undefined) return false
    return this.#all.has(formatAddress({ kind: 'tcp', host: split.host, port: split.port ?? 80 }))
  }
}

/** What callers may write for a host that is listened on. */
function namesOf(host: string): readonly string[] {
  if (host === '0.0.0.0' || host === '::') return ['localhost', '127.0.0.1', '::1']
  return host === '127.0.0.1' || host === '::1' ? ['localhost', host] : [host]
}

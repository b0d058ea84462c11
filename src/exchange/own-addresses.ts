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
      const anywhere = address.host === '0.0.0.0' || address.host === '::'
      for (const host of anywhere ? ['localhost', '127.0.0.1', '::1'] : [address.host]) {
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

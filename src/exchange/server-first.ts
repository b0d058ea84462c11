// Where whoever is called speaks first, so that waiting for the caller's first bytes would only cost time.
import type { ServiceConfig } from '../config/schema/services.ts'
import { formatHostPort, splitHostPort } from '../core/address.ts'

/** FTP, SSH, SMTP, POP3, IMAP, submission, MySQL: as Istio has it, where nobody has told what a port speaks. */
const USUAL_PORTS: ReadonlySet<number> = new Set([21, 22, 25, 110, 143, 587, 3306])

export class ServerFirst {
  /** host:port → whether a service there speaks TCP of its own. */
  readonly #told = new Map<string, boolean>()

  constructor(services: readonly ServiceConfig[]) {
    for (const { protocol, port, addresses, endpoints } of services) {
      if (protocol === 'auto') continue
      const speaksTcp = protocol === 'tcp'
      for (const address of addresses) this.#told.set(formatHostPort(address, port), speaksTcp)
      // most say nothing new: the usual port decides
      if (speaksTcp) for (const { address } of endpoints) this.#told.set(address, true)
    }
  }

  /** `address`: host:port. */
  has(address: string): boolean {
    return this.#told.get(address) ?? USUAL_PORTS.has(splitHostPort(address)?.port ?? 0)
  }
}

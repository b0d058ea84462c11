// What the port of a gateway does with a connection before there is a request: whose listener it is for, by the server name of its TLS.
import type { SecureContext } from 'node:tls'
import type { GatewayConfig } from '../config/schema/gateways.ts'
import { readClientHello } from '../core/client-hello.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { HostTable } from '../routing/hosts.ts'
import { ServerCertificates } from './server-certificates.ts'

type GatewayListeners = GatewayConfig['listeners']

/** What follows a ClientHello. */
export type TlsChoice =
  | { readonly kind: 'need-more' }
  | { readonly kind: 'refuse'; readonly why: string }
  /** To whoever has the certificate. */
  | { readonly kind: 'pass'; readonly serverName: string }
  | { readonly kind: 'terminate'; readonly context: SecureContext; readonly protocol: 'http' | 'tcp' }

interface Named {
  readonly protocol: 'http' | 'tcp'
  /** undefined: TLS is passed through. */
  readonly certificates: ServerCertificates | undefined
}

export class GatewayEntry {
  /** What is spoken, inside of TLS where there is some. */
  readonly protocol: 'http' | 'tcp'
  readonly isTls: boolean
  readonly #names = new HostTable<Named>()
  readonly #open: ServerCertificates[] = []

  /** `listeners`: those of one port; none where the gateway is not there yet. Throws when a certificate can't be used. */
  constructor(listeners: GatewayListeners, clock: Clock, log: Log) {
    const [first] = listeners
    this.isTls = first?.protocol === 'https' || first?.protocol === 'tls'
    this.protocol = first?.protocol === 'tcp' ? 'tcp' : 'http'
    if (!this.isTls) return
    try {
      for (const { host = '*', protocol, tls } of listeners) {
        const certificates = tls === undefined ? undefined : new ServerCertificates(tls.certificates, clock, log)
        if (certificates !== undefined) this.#open.push(certificates)
        this.#names.set(host, { protocol: protocol === 'https' ? 'http' : 'tcp', certificates })
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** By the bytes that have come so far. */
  choose(first: Buffer): TlsChoice {
    const hello = readClientHello(first)
    if (hello.kind === 'need-more') return hello
    if (hello.kind !== 'done') return { kind: 'refuse', why: 'no TLS' }
    const { serverName = '' } = hello
    const named = this.#names.all(serverName, 'https')[0]
    if (named === undefined) return { kind: 'refuse', why: 'no listener is for the name that it asks for' }
    if (named.certificates === undefined) return { kind: 'pass', serverName }
    const context = named.certificates.context(serverName)
    if (context === undefined) return { kind: 'refuse', why: 'there is no certificate to show for the name that it asks for' }
    return { kind: 'terminate', context, protocol: named.protocol }
  }

  close(): void {
    for (const certificates of this.#open) certificates.close()
  }
}

// How connections to the endpoints of a service are secured, and who must be at their other end. Made with each configuration of a service;
// asked for each connection.
import { checkServerIdentity, type SecureContext, type TLSSocket } from 'node:tls'
import type { ServiceConfig } from '../../config/schema/services.ts'
import { isIp } from '../../core/address.ts'
import { HAS_SIDECAR, SIDECAR_LABEL } from '../../core/sidecar-label.ts'
import { readCertificate } from '../../identity/certificate.ts'
import type { Holder } from '../../identity/guard.ts'
import { MESH_ALPN, peerOf } from '../../identity/handshake.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Endpoint } from '../endpoint.ts'
import { FileContext } from './contexts.ts'

type Protocol = keyof typeof MESH_ALPN

/** TLS for one connection. */
export interface Secure {
  readonly context: SecureContext
  /** ''; none. */
  readonly serverName: string
  readonly protocols: readonly string[]
  /** Looks at who answered. What is returned is why that is not who is meant; `holder` may hear later that it no longer is. */
  check(socket: TLSSocket, holder: Holder): string | undefined
}

export class Security {
  readonly #service: Pick<ServiceConfig, 'name' | 'namespace' | 'port' | 'tls'>
  readonly #identity: () => Identity | undefined
  readonly #files: FileContext

  constructor(service: Pick<ServiceConfig, 'name' | 'namespace' | 'port' | 'tls'>, identity: () => Identity | undefined) {
    this.#service = service
    this.#identity = identity
    this.#files = new FileContext(service.tls)
  }

  /** undefined: plaintext. Throws where it can't be made: then there is no connection. */
  of(endpoint: Endpoint, protocol: Protocol): Secure | undefined {
    switch (this.#service.tls.mode) {
      case 'disable':
        return undefined
      case 'auto':
        return endpoint.labels[SIDECAR_LABEL] === HAS_SIDECAR && this.#identity() !== undefined
          ? this.#mesh(endpoint, protocol)
          : undefined
      case 'mesh':
        return this.#mesh(endpoint, protocol)
      case 'simple':
      case 'mutual':
        return this.#plain(endpoint, protocol)
    }
  }

  #mesh(endpoint: Endpoint, protocol: Protocol): Secure {
    const identity = this.#identity()
    if (identity === undefined) throw new Error('mutual TLS between sidecars, and there is no identity')
    const { name, namespace, port, tls } = this.#service
    return {
      context: identity.material.context,
      serverName: tls.sni ?? `outbound_.${port}_._.${name}.${namespace}.svc.cluster.local`,
      protocols: MESH_ALPN[protocol],
      check: (socket, holder) => {
        const peer = peerOf(socket, identity)
        if (peer.kind === 'refused') return peer.detail
        const { id } = peer.verified
        const expected = this.#expected(endpoint, identity.ownDomains)
        if (!expected(id)) return `${id.uri} answered, who is not expected here`
        socket.once('close', identity.hold(peer.leaf, peer.verified, holder))
        return undefined
      },
    }
  }

  #expected({ serviceAccount }: Endpoint, domains: readonly string[]): (id: Answering) => boolean {
    const { namespace, tls } = this.#service
    if (tls.subjectAltNames.length > 0) return ({ uri }) => tls.subjectAltNames.includes(uri)
    return (id) =>
      domains.includes(id.trustDomain) &&
      id.namespace === namespace &&
      (serviceAccount === undefined || id.serviceAccount === serviceAccount)
  }

  #plain({ target }: Endpoint, protocol: Protocol): Secure {
    const { sni, subjectAltNames } = this.#service.tls
    const name = sni ?? (target.kind === 'tcp' ? target.host : '')
    return {
      context: this.#files.get(),
      serverName: isIp(name) ? '' : name,
      protocols: protocol === 'tcp' ? [] : protocol === 'http2' ? ['h2'] : ['http/1.1'],
      check(socket) {
        if (protocol === 'http2' && socket.alpnProtocol !== 'h2') return 'the endpoint does not offer HTTP/2'
        return subjectAltNames.length > 0
          ? lacksNames(socket, subjectAltNames)
          : checkServerIdentity(name, socket.getPeerCertificate())?.message
      },
    }
  }
}

interface Answering {
  readonly uri: string
  readonly trustDomain: string
  readonly namespace: string
  readonly serviceAccount: string
}

function lacksNames(socket: TLSSocket, names: readonly string[]): string | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return 'the endpoint has shown no certificate'
  try {
    const { uris, dnsNames } = readCertificate(leaf.raw)
    const found = uris.some((uri) => names.includes(uri)) || dnsNames.some((name) => names.includes(name.toLowerCase()))
    return found ? undefined : 'the certificate of the endpoint has none of the names in subjectAltNames'
  } catch (error) {
    return `the certificate of the endpoint can't be read: ${(error as Error).message}`
  }
}

// Who is at the other end of a TLS connection, once its handshake is through; and how a mesh's own connections are told from others.
import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Identity } from './identity.ts'
import type { Refused, Verified } from './trust.ts'

/** Names that sidecars offer in front of what they speak (Istio's), so that their TLS is told from that of applications. */
const MARKERS: ReadonlySet<string> = new Set(['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'])

export const MESH = 'istio'

/** What a sidecar offers to another one. */
export const MESH_ALPN = {
  http1: ['istio-http/1.1', MESH, 'http/1.1'],
  http2: ['istio-h2', MESH, 'h2'],
  tcp: [MESH],
} as const

export function isMesh(protocols: readonly string[]): boolean {
  return protocols.some((protocol) => MARKERS.has(protocol))
}

export interface KnownPeer {
  readonly kind: 'known'
  readonly leaf: X509Certificate
  readonly verified: Verified
}

/** `socket`: has asked its peer for a certificate. */
export function peerOf(socket: TLSSocket, identity: Identity): KnownPeer | Refused {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return { kind: 'refused', why: 'missing', detail: 'the peer has shown no certificate' }
  const untrusted = chainProblem(socket)
  if (untrusted !== undefined) {
    const why = untrusted === 'CERT_HAS_EXPIRED' || untrusted === 'CERT_NOT_YET_VALID' ? 'expired' : 'untrusted'
    return { kind: 'refused', why, detail: `the certificate of the peer is not believed: ${untrusted}` }
  }
  const verified = identity.verify(leaf)
  return verified.kind === 'refused' ? verified : { kind: 'known', leaf, verified }
}

/** What OpenSSL says against the chain; undefined: nothing. For servers made of bare TLSSockets only the handle tells. */
function chainProblem(socket: TLSSocket): string | undefined {
  const handle = (socket as unknown as { _handle?: { verifyError?: () => { code?: string } | null } | null })._handle
  if (typeof handle?.verifyError !== 'function') return 'UNVERIFIED'
  const error = handle.verifyError()
  return error === null || error === undefined ? undefined : (error.code ?? 'UNVERIFIED')
}

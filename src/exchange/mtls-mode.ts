// What a port of the application takes: mutual TLS alone, both, or plaintext. PeerAuthentication documents come before the listener.
import type { MtlsMode } from '../config/schema/identity.ts'
import type { InboundListenerConfig } from '../config/schema/listeners.ts'
import type { MtlsModes } from '../policy/mtls.ts'

export function mtlsModeOf(
  { mtls, mtlsPorts, tls }: Pick<InboundListenerConfig, 'mtls' | 'mtlsPorts' | 'tls'>,
  port: number,
  documents: MtlsModes,
): MtlsMode {
  const byDefault = tls === undefined ? 'permissive' : 'disable'
  return documents.modeFor(port) ?? mtlsPorts[port] ?? mtls ?? byDefault
}

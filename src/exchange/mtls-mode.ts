// What a port of the application takes: mutual TLS alone, both, or plaintext. PeerAuthentication documents come before the listener.
import type { MtlsModes } from '../config/schema/config.ts'
import type { MtlsMode } from '../config/schema/identity.ts'
import type { InboundListenerConfig } from '../config/schema/listeners.ts'

export function mtlsModeOf(
  { mtls, mtlsPorts, tls }: Pick<InboundListenerConfig, 'mtls' | 'mtlsPorts' | 'tls'>,
  port: number,
  documents: MtlsModes | undefined,
): MtlsMode {
  const byDefault = tls === undefined ? 'permissive' : 'disable'
  return documents?.ports[port] ?? documents?.mode ?? mtlsPorts[port] ?? mtls ?? byDefault
}

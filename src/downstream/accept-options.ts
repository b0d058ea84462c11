// What a listener says of a connection that it accepts, and what it wants to hear of it.
import type { Http2Limits } from '../codec/http2/limits.ts'
import type { DownstreamConnection } from '../codec/stream.ts'
import type { MtlsMode } from '../config/schema/identity.ts'
import type { Clock } from '../core/clock.ts'
import type { ConnectionHandler } from '../exchange/handler.ts'
import type { KnownPeer } from '../identity/handshake.ts'
import type { Identity } from '../identity/identity.ts'
import type { Refusal } from '../telemetry/label-values.ts'
import type { Certificate } from './certificate.ts'
import type { Ends } from './ends.ts'
import type { TlsChoice } from './gateway-entry.ts'

export interface AcceptOptions {
  readonly protocol: 'auto' | 'http' | 'http2' | 'tcp' | 'tls'
  readonly proxyProtocol: 'off' | 'require' | 'accept'
  readonly detectionTimeoutMs: number
  /** Bytes without a name have somewhere to go. Where they do not, a silent caller is not taken for one of a server that speaks first. */
  readonly carriesBytes: boolean
  /** Where the connection was going before it was captured, host:port; ''. */
  readonly original: string
  /** Whoever is there speaks first. */
  readonly expectsServer: boolean
  readonly certificate: Certificate | undefined
  /** Where TLS is what comes: what to do by the first bytes of it. */
  readonly byHello: ((first: Buffer) => TlsChoice) | undefined
  /** For mutual TLS; undefined: there is none here. */
  readonly identity: Identity | undefined
  readonly mtls: (ends: Ends) => MtlsMode
  readonly limits: Http2Limits
  readonly clock: Clock
  /** Makes the handler of a connection, once it is known who is there. */
  readonly handler: (ends: Ends, caller: KnownPeer | undefined) => ConnectionHandler
  /** `detail`: for the log. */
  readonly refused: (reason: Refusal, detail?: string) => void
  /** The connection has a codec now. */
  readonly opened: (connection: DownstreamConnection, protocol: string) => void
}

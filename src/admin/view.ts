// What the admin asks of the rest: functions that return plain objects, given by the composition root.
import type { Problem } from '../config/problem.ts'

export interface EndpointView {
  readonly address: string
  /** '' where unknown. */
  readonly zone: string
  readonly weight: number
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'ready' | 'unreachable' | 'unhealthy' | 'ejected' | 'breaker_open'
  /** Why it gets no traffic; '' when it does. */
  readonly reason: string
  /** Connections open to it. */
  readonly connections: number
  /** Requests under way. */
  readonly requests: number
}

export interface ServiceView {
  /** name.namespace:port */
  readonly service: string
  readonly protocol: string
  /** Requests that wait for a connection. */
  readonly pending: number
  readonly endpoints: readonly EndpointView[]
}

export interface ConnectionView {
  readonly direction: 'inbound' | 'outbound' | 'gateway'
  readonly listener: string
  readonly protocol: string
  readonly downstream: string
  /** '' while there is none. */
  readonly upstream: string
  /** Verified identity of the peer, '' without one. */
  readonly principal: string
  readonly ageMs: number
  /** Exchanges under way. */
  readonly active: number
}

export interface ReloadView {
  /** Counts the configurations that have served. */
  readonly generation: number
  /** ISO 8601; when the serving configuration was loaded. */
  readonly loadedAt: string
  /** The newest configuration was refused: an older one serves. */
  readonly refused: boolean
  /** Of the newest configuration. */
  readonly problems: readonly Problem[]
}

export interface CertificateView {
  readonly file: string
  readonly subject: string
  /** ISO 8601 */
  readonly notBefore: string
  readonly notAfter: string
}

export interface AdminView {
  readiness(): { readonly ready: boolean; readonly missing: readonly string[] }
  /** Settings as loaded; the admin takes the secrets out. */
  settings(): unknown
  services(): readonly ServiceView[]
  connections(): readonly ConnectionView[]
  reloads(): ReloadView
  certificates(): readonly CertificateView[]
  logLevel(): string
  /** false when there is no such level. */
  setLogLevel(level: string): boolean
  /** As SIGTERM does, but the process stays. */
  drain(): void
  /** As SIGTERM does. */
  quit(): void
  metricsText(): AsyncIterable<string>
}

// Where the endpoints of one service come from: the contract of static.ts and dns.ts.
import type { EndpointConfig } from '../config/schema/services.ts'

export type OnEndpoints = (endpoints: readonly EndpointConfig[]) => void

export interface EndpointSource {
  /** Tells the first outcome, be it an empty list, and then every change, always as a whole list. Call once. */
  start(onEndpoints: OnEndpoints): void
  /** Nothing is told any more. */
  close(): void
  state(): SourceState
}

/** Plain, for admin and readiness. */
export interface SourceState {
  readonly kind: 'static' | 'dns'
  /**
   * waiting: the first outcome is still to come; ready; empty: there is no endpoint, and that is a valid answer; stale: the last
   * good answer is used because a new one could not be had; failing: the same, and there is no answer to use.
   */
  readonly status: 'waiting' | 'ready' | 'empty' | 'stale' | 'failing'
  /** The name that is resolved; '' for fixed endpoints. */
  readonly name: string
  readonly endpoints: readonly EndpointConfig[]
  /** Would be used if none of those were there: SRV groups of a higher priority number, in order. */
  readonly standby: readonly EndpointConfig[]
  /** Why the last refresh failed, '' when it did not. */
  readonly error: string
  /** Until the next refresh; undefined when none is planned. */
  readonly refreshInMs: number | undefined
}

export function sameEndpoints(a: readonly EndpointConfig[], b: readonly EndpointConfig[]): boolean {
  return a === b || (a.length === b.length && a.every((endpoint, index) => sameEndpoint(endpoint, b[index] as EndpointConfig)))
}

function sameEndpoint(a: EndpointConfig, b: EndpointConfig): boolean {
  if (a.address !== b.address || a.weight !== b.weight || a.zone !== b.zone) return false
  const names = Object.keys(a.labels)
  return names.length === Object.keys(b.labels).length && names.every((name) => a.labels[name] === b.labels[name])
}

// What telemetry asks of a finished exchange or TCP connection; the exchange satisfies it, so telemetry never imports exchange.
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { FailureCode } from '../core/failures.ts'

/** A workload or service at either end, as metrics and logs name it. Made at load, never per exchange; compared by identity. */
export interface Party {
  readonly workload: string
  readonly namespace: string
  readonly app: string
  readonly version: string
  /** SPIFFE identity when verified by mutual TLS, else ''. */
  readonly principal: string
  /** As Istio's destination_service: catalog.shop.svc.cluster.local; 'unknown' where there is none. */
  readonly service: string
  readonly serviceName: string
  readonly serviceNamespace: string
}

export type Direction = 'inbound' | 'outbound'

export interface Outcome {
  readonly direction: Direction
  readonly source: Party
  readonly destination: Party
  /** The hop that this sidecar can vouch for, as Istio's connection_security_policy. */
  readonly security: 'mutual_tls' | 'none' | 'unknown'
  readonly kind: 'http' | 'grpc' | 'tcp'
  /** undefined: TCP, or the head never came. */
  readonly request: RequestHead | undefined
  readonly response: ResponseHead | undefined
  /** What the caller got; 0: nothing. */
  readonly status: number
  /** -1: not gRPC, or none came. */
  readonly grpcStatus: number
  readonly failure: FailureCode | undefined
  /** For the log: what exactly failed. */
  readonly detail: string
  readonly requestId: string
  readonly route: string
  /** Id of the policy rule that decided, '' when none did. */
  readonly rule: string
  readonly downstreamAddress: string
  readonly localAddress: string
  /** Of the last attempt; '' when there was none. */
  readonly upstreamAddress: string
  readonly attempts: number
  readonly requestBytes: number
  readonly responseBytes: number
  /** Milliseconds since the epoch. */
  readonly startWallMs: number
  readonly durationMs: number
  /** Of `durationMs`, what passed between sending a request upstream and its response ending, over all attempts. */
  readonly upstreamMs: number
  readonly upgraded: boolean
}

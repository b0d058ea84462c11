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
  /** What Istio calls canonical service and revision; left out: `app` or `workload`, and `version` or 'latest'. */
  readonly canonicalService?: string
  readonly canonicalRevision?: string
  /** Kubernetes cluster it runs in; left out: unknown. */
  readonly cluster?: string
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
  /** It was held on purpose: that has a flag, and is no failure. */
  readonly delayed?: boolean
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
  /** gRPC messages in either direction, where the codec counts them. */
  readonly requestMessages?: number
  readonly responseMessages?: number
  /** Of the connection to the endpoint; left out: unknown. */
  readonly upstreamLocalAddress?: string
  /** Server name that the caller's TLS asked for; left out: none. */
  readonly serverName?: string
  /** Set by the recorder: an outcome counts once. Start it with false where many are made. */
  recorded?: boolean
}

/** What is known of a TCP connection when it opens, and read from it while it lasts: the exchange satisfies this too. */
export type LiveConnection = Pick<Outcome, 'direction' | 'source' | 'destination' | 'security' | 'requestBytes' | 'responseBytes'>

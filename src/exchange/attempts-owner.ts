// What attempts ask of the exchange that they are made for.
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { WriteResult } from '../codec/stream.ts'
import type { Address } from '../core/address.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { Outcome } from '../telemetry/outcome.ts'
import type { Peer } from './peer.ts'

/** The exchange as its attempts see it. */
export interface AttemptsOwner {
  readonly request: RequestHead | undefined
  readonly kind: Outcome['kind']
  readonly peer: Peer
  attempts: number
  upstreamAddress: string
  /** Why a policy forbids to connect there; undefined: none does. */
  denialOf(target: Address): string | undefined
  /** An attempt begins: what has to be told to whoever is called. */
  onAttempt(request: RequestHead, attemptTimeoutMs: number): void
  onInform(head: ResponseHead): void
  /** The response that is passed on. */
  onResponse(head: ResponseHead, end: boolean): void
  onResponseData(chunk: Uint8Array): WriteResult
  onResponseEnd(trailers: Fields | undefined): void
  /** More of the request body may come. */
  onRequestDrain(): void
  /** There is no response, or its end will not come, and no attempt is left. */
  onGivenUp(code: FailureCode, detail: string): void
}

// The service as the attempts of one exchange use it: which endpoint is next, and what its watchers are told of each attempt.
// hot path: bench/macro
import type { ResponseHead } from '../codec/message.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Call } from '../upstream/breaker/breaker.ts'
import type { Choice } from '../upstream/choice.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptsOwner } from './attempts-owner.ts'
import type { Decision } from './decision.ts'
import { endpointStatus } from './endpoint-status.ts'
import { type Placement, placementOf } from './placement.ts'

export class ServiceUse {
  readonly #choice: Choice
  readonly #key: string
  readonly #isGrpc: boolean
  readonly #otherHost: boolean
  /** null: by chance, or as the balancer likes. */
  readonly #placement: Placement | null

  constructor(x: AttemptsOwner, { service, retry }: Decision, clock: Clock) {
    const { choice } = service
    this.#choice = choice
    this.#key = service.key
    this.#isGrpc = x.kind === 'grpc'
    this.#otherHost = retry?.otherHost !== false
    this.#placement =
      choice.hash === null ? null : placementOf(choice.hash, { request: x.request, remoteIp: x.peer.remoteIp }, clock)
  }

  /** `tried`: the one that was tried last. */
  pick(tried: Endpoint | undefined): Endpoint | undefined {
    return this.#choice.pick(this.#otherHost ? tried : undefined, this.#placement?.hash)
  }

  /** Why there is none to pick. */
  whyNone(): { readonly code: FailureCode; readonly detail: string } {
    return this.#choice.isFull
      ? { code: 'overflow', detail: `each endpoint of ${this.#key} has as many requests as it may` }
      : { code: 'no_endpoint', detail: `no endpoint of ${this.#key} is available` }
  }

  /** null: nobody waits for its end; undefined: a breaker refuses. */
  begin(endpoint: Endpoint): Call | null | undefined {
    return this.#choice.begin(endpoint)
  }

  answered(attempt: Attempt, head: ResponseHead): void {
    const { call } = attempt
    attempt.call = null
    this.#choice.answered(attempt.endpoint, endpointStatus(head, this.#isGrpc), attempt.sentAgoMs, call)
  }

  failed(attempt: Attempt, code: FailureCode): void {
    const { call } = attempt
    attempt.call = null
    this.#choice.failed(attempt.endpoint, code, call)
  }

  /** The response that is passed on: its caller may have to come back to the same endpoint. */
  passedOn(head: ResponseHead): void {
    if (this.#placement !== null && this.#placement.cookie !== '') head.fields.add('set-cookie', this.#placement.cookie)
  }
}

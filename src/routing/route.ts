// A route as the data path uses it.
import type { Fields } from '../core/fields.ts'
import type { FieldEdits } from './edits.ts'
import type { Split } from './split.ts'

export interface WeightedService<S> {
  /** As configuration names it. */
  readonly ref: string
  /** undefined: there is no such service; its share of the traffic gets `missing_backend`. */
  readonly service: S | undefined
  readonly weight: number
}

/** What a route answers by itself, without any service. */
export interface RouteReply {
  readonly status: number
  readonly fields: Fields
  readonly body: string
}

export interface Route<S> {
  /** Its name, for logs, metrics and explain. */
  readonly id: string
  readonly services: Split<WeightedService<S>>
  /** null: none. */
  readonly requestEdits: FieldEdits | null
  readonly responseEdits: FieldEdits | null
  /** Whole exchange, retries included; 0: no limit. */
  readonly timeoutMs: number
  /** One attempt, until its response head; 0: no limit of its own. */
  readonly attemptTimeoutMs: number
  /** Without a byte in either direction; 0: no limit. */
  readonly idleTimeoutMs: number
  /** A redirect or direct reply instead of services; null: goes to a service. */
  readonly reply: RouteReply | null
}

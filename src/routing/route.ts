// A route as the data path uses it.
import type { Fields } from '../core/fields.ts'
import type { FieldEdits } from './edits.ts'
import type { Split } from './split.ts'
import type { Timeouts } from './timeouts.ts'

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
  readonly timeouts: Timeouts
  /** A redirect or direct reply instead of services; null: goes to a service. */
  readonly reply: RouteReply | null
}

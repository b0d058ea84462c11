// A route as the data path uses it. What it does not ask for is null, so that it costs a comparison.
import type { FieldChange, FieldEdits } from './edits.ts'
import type { Guards } from './guards.ts'
import type { Hedge } from './hedge.ts'
import type { Mirror } from './mirror.ts'
import type { OwnAnswer } from './own-answer.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { PathRewrite } from './rewrite.ts'
import type { Split } from './split.ts'
import type { Sticky } from './sticky.ts'
import type { Timeouts } from './timeouts.ts'

export interface WeightedService<S> {
  /** As configuration names it. */
  readonly ref: string
  /** undefined: there is no such service; its share of the traffic gets `missing_backend`. */
  readonly service: S | undefined
  /** '': all of its endpoints. */
  readonly subset: string
  readonly weight: number
  /** In the place of that of the route; null: as the route says. */
  readonly rewrite: PathRewrite | null
  /** After those of the route. */
  readonly requestEdits: FieldEdits | null
  /** Those of the service, then those of the route. */
  readonly responseEdits: FieldChange | null
}

export interface Route<S> {
  /** Its name, for logs, metrics and explain. */
  readonly id: string
  readonly services: Split<WeightedService<S>>
  readonly rewrite: PathRewrite | null
  readonly requestEdits: FieldEdits | null
  /** What a service gets is not what came: another path, host or field. */
  readonly changesRequest: boolean
  /** For what the route answers itself; responses of services get theirs. */
  readonly responseEdits: FieldEdits | null
  readonly timeouts: Timeouts
  /** null: as without a route. */
  readonly retry: RetryPolicy | null
  /** null: one attempt at a time. */
  readonly hedge: Hedge | null
  /** A redirect or direct reply instead of services; null: goes to a service. */
  readonly own: OwnAnswer | null
  /** What comes before all that; null: nothing does. */
  readonly guards: Guards | null
  /** null: none. */
  readonly mirrors: readonly Mirror<S>[] | null
  readonly sticky: Sticky | null
}

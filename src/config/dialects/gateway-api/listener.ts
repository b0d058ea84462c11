// One listener of a Gateway or ListenerSet.
import type { Path } from '../../problem.ts'
import type { Resource } from '../resource.ts'
import type { ListenerSpec } from './kinds.ts'

export interface GatewayListener {
  /** namespace/name of the Gateway. */
  readonly gateway: string
  /** In the native form: the section's name; of a ListenerSet's, `set.namespace:section`. */
  readonly name: string
  /** The Gateway or ListenerSet that says it; its namespace is what `Same` means. */
  readonly owner: Resource
  readonly path: Path
  readonly spec: ListenerSpec
}

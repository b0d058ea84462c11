// Preflights bring no credentials, and tell nothing but which pages may call: they are answered before policies are asked, as Envoy does.
import type { RequestHead } from '../codec/message.ts'
import type { Route } from '../routing/route.ts'
import type { RoutesOfHost } from '../routing/table.ts'
import { denialOfPeer, type PolicyPeer } from './authorize.ts'
import type { Snapshot } from './snapshot.ts'

/** The route that answers it; undefined: it is none that a route answers, or it comes from who may ask for nothing at all. */
export function preflightRoute<S>(
  snapshot: Pick<Snapshot<unknown>, 'policies'>,
  caller: PolicyPeer,
  routes: RoutesOfHost<S> | undefined,
  head: RequestHead,
): Route<S> | undefined {
  if (head.method !== 'OPTIONS' || routes === undefined) return undefined
  const route = routes.match(head)
  if (route?.guards?.cors?.preflight(head) === undefined) return undefined
  return denialOfPeer(snapshot, caller) === undefined ? route : undefined
}

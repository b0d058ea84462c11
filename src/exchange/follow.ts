// What a route does to a request before it is sent, or answers itself: the same for the pipeline, which carries it out, and `explain`.
// hot path: bench/macro
import type { RequestHead } from '../codec/message.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { FieldChange } from '../routing/edits.ts'
import type { Route, WeightedService } from '../routing/route.ts'
import type { Sticky } from '../routing/sticky.ts'
import { ownReply, type Reply } from './local-reply.ts'

/** Where a request goes that follows a route. */
export interface Course<S> {
  readonly service: S
  /** '': all endpoints. */
  readonly subset: string
  readonly responseEdits: FieldChange | null
}

export type Fork<S> = Course<S> | { readonly reply: Reply } | { readonly failure: FailureCode; readonly detail: string }

/** The answer of a route that has one; undefined: the request goes on. */
export function answerOf<S>(route: Route<S>, head: RequestHead): Fork<S> | undefined {
  if (route.own === null) return undefined
  const reply = ownReply(route.own, head)
  if (reply === undefined) return UNSENDABLE
  route.responseEdits?.applyTo(reply.head.fields)
  return { reply }
}

/** Draws a service, and gives the head the form that it is told. */
export function courseOf<S>(route: Route<S>, head: RequestHead): Fork<S> {
  if (route.sticky !== null) return stick(route, route.sticky, head)
  return courseTo(route, route.services.next(), head)
}

/** The same for a service that is drawn already. */
export function courseTo<S>(route: Route<S>, choice: WeightedService<S> | undefined, head: RequestHead): Fork<S> {
  if (choice?.service === undefined) return { failure: 'missing_backend', detail: `route ${route.id} has no service` }
  return rewriteFor(route, choice, head) ? (choice as Course<S>) : UNSENDABLE
}

/** False: what it would become can't be sent. */
function rewriteFor<S>(
  route: Route<S>,
  choice: Pick<WeightedService<S>, 'requestEdits' | 'rewrite'>,
  head: RequestHead,
): boolean {
  const rewrite = choice.rewrite ?? route.rewrite
  if (rewrite !== null && head.path.startsWith('/')) {
    const path = rewrite.apply(head.path)
    if (path === undefined) return false
    if (path !== head.path) {
      // as Envoy tells it, for logs and for whoever is called
      head.fields.set('x-envoy-original-path', head.path)
      head.path = path
    }
  }
  if (route.requestEdits !== null) route.requestEdits.applyToRequest(head)
  if (choice.requestEdits !== null) choice.requestEdits.applyToRequest(head)
  return true
}

/** On its way to the application, there is nothing to draw. */
export function appCourseOf<S>(route: Route<S>, head: RequestHead): Fork<undefined> {
  const { responseEdits } = route
  return rewriteFor(route, NO_CHOICE, head) ? { service: undefined, subset: '', responseEdits } : UNSENDABLE
}

const NO_CHOICE = { requestEdits: null, rewrite: null }
const UNSENDABLE = { failure: 'bad_request', detail: 'the route would make a path of it that can be read in two ways' } as const

function stick<S>(route: Route<S>, sticky: Sticky, head: RequestHead): Fork<S> {
  const brought = sticky.hashOf(head)
  const drawn = brought < 0 ? route.services.draw() : brought
  const course = courseTo(route, route.services.at(drawn), head)
  const cookie = brought < 0 ? sticky.cookieFor(drawn) : ''
  if (cookie === '' || !('service' in course)) return course
  const { service, subset, responseEdits } = course
  return { service, subset, responseEdits: new CookieAdded(cookie, responseEdits) }
}

class CookieAdded implements FieldChange {
  readonly #cookie: string
  readonly #edits: FieldChange | null

  constructor(cookie: string, edits: FieldChange | null) {
    this.#cookie = cookie
    this.#edits = edits
  }

  applyTo(fields: Fields): void {
    this.#edits?.applyTo(fields)
    fields.push('set-cookie', 'Set-Cookie', this.#cookie)
  }
}

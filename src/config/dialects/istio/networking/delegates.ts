// Routes that a VirtualService leaves to another one, put in their place: what both ask and say, as one.
import { didYouMean } from '../../../nearest.ts'
import type { Path, Problems } from '../../../problem.ts'
import { placeIn } from '../../resource.ts'
import type { StringMatch } from './fields.ts'
import { namespacesOf } from './route-scope.ts'
import type { HttpMatch, HttpRoute, VirtualService } from './virtual-service.ts'

/** A route where it is written. */
export interface HttpEntry {
  readonly route: HttpRoute
  readonly resource: VirtualService
  readonly at: Path
  readonly name: string
}

export class Delegates {
  readonly #all: ReadonlyMap<string, VirtualService>
  readonly #problems: Problems
  readonly #used = new Set<VirtualService>()

  constructor(all: readonly VirtualService[], problems: Problems) {
    this.#all = new Map(all.filter(isDelegate).map((one) => [`${one.namespace}/${one.name}`, one]))
    this.#problems = problems
  }

  /** In the order in which they are to be asked. */
  routesOf(root: VirtualService): HttpEntry[] {
    return ownRoutes(root).flatMap((entry) => {
      if (!entry.route.delegate) return [entry]
      const delegate = this.#find(root, entry)
      return delegate === undefined ? [] : ownRoutes(delegate).flatMap((inner) => this.#join(entry, inner))
    })
  }

  /** Says which of them nobody delegates to. */
  finish(): void {
    for (const one of this.#all.values()) {
      if (!this.#used.has(one))
        this.#problems.warning(placeIn(one, ['spec']), 'no VirtualService delegates to this one, and it has no hosts')
    }
  }

  #find(root: VirtualService, { route, at }: HttpEntry): VirtualService | undefined {
    const { name, namespace = root.namespace } = route.delegate ?? { name: '' }
    const key = `${namespace ?? root.namespace}/${name}`
    const found = this.#all.get(key)
    const to = found && namespacesOf(found.value.spec.exportTo ?? ['*'], found.namespace)
    if (found === undefined || (to !== undefined && !to.includes(root.namespace))) {
      const message = `there is no VirtualService ${key} without hosts that is exported to ${root.namespace}: no request is for this route`
      this.#problems.warning(placeIn(root, [...at, 'delegate']), message, didYouMean(key, [...this.#all.keys()]))
      return undefined
    }
    this.#used.add(found)
    return found
  }

  #join(outer: HttpEntry, inner: HttpEntry): HttpEntry[] {
    if (inner.route.delegate) {
      this.#problems.error(placeIn(inner.resource, [...inner.at, 'delegate']), 'a delegate does not delegate any further')
      return []
    }
    const match = matchesOf(outer.route.match ?? [], inner.route.match ?? [])
    if (match === undefined) {
      const message = `it asks for what ${outer.resource.namespace}/${outer.resource.name} leaves to others: no request is for this route`
      this.#problems.warning(placeIn(inner.resource, [...inner.at, 'match']), message)
      return []
    }
    const { delegate: _delegate, name: _name, ...given } = outer.route
    const own = Object.fromEntries(Object.entries(inner.route).filter(([, value]) => value !== null && value !== undefined))
    return [{ ...inner, route: { ...given, ...own, match }, name: `${outer.name} ${inner.name}` }]
  }
}

export function isDelegate({ value }: VirtualService): boolean {
  return value.spec.hosts.length === 0
}

function ownRoutes(resource: VirtualService): HttpEntry[] {
  return (resource.value.spec.http ?? []).map((route, index) => ({
    route,
    resource,
    at: ['spec', 'http', index],
    name: route.name || `http[${index}]`,
  }))
}

/** Both must hold, each with each; undefined: they never do. */
function matchesOf(outer: readonly HttpMatch[], inner: readonly HttpMatch[]): HttpMatch[] | undefined {
  if (outer.length === 0 || inner.length === 0) return [...outer, ...inner]
  const both = outer.flatMap((one) => inner.flatMap((other) => (contradicts(one, other) ? [] : [joined(one, other)])))
  return both.length === 0 ? undefined : both
}

function joined(outer: HttpMatch, inner: HttpMatch): HttpMatch {
  const own = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== null && value !== undefined))
  return {
    ...outer,
    ...own,
    headers: { ...outer.headers, ...inner.headers },
    withoutHeaders: { ...outer.withoutHeaders, ...inner.withoutHeaders },
    queryParams: { ...outer.queryParams, ...inner.queryParams },
    sourceLabels: { ...outer.sourceLabels, ...inner.sourceLabels },
  }
}

/** As Istio sees it: of two tests of one text, the inner one must be a part of the outer one. */
function contradicts(outer: HttpMatch, inner: HttpMatch): boolean {
  if ((outer.ignoreUriCase ?? false) !== (inner.ignoreUriCase ?? false) && outer.uri && inner.uri) return true
  for (const key of ['uri', 'method', 'authority'] as const) if (!isPart(outer[key], inner[key])) return true
  for (const key of ['headers', 'withoutHeaders', 'queryParams'] as const) {
    for (const [name, test] of Object.entries(outer[key] ?? {})) if (!isPart(test, inner[key]?.[name])) return true
  }
  for (const [name, label] of Object.entries(outer.sourceLabels ?? {}))
    if ((inner.sourceLabels?.[name] ?? label) !== label) return true
  return (
    differ(outer.port, inner.port) ||
    differ(outer.sourceNamespace, inner.sourceNamespace) ||
    differ(outer.scheme?.exact, inner.scheme?.exact)
  )
}

function differ(a: unknown, b: unknown): boolean {
  return Boolean(a) && Boolean(b) && a !== b
}

function isPart(outer: StringMatch | null | undefined, inner: StringMatch | null | undefined): boolean {
  if (!outer || !inner) return true
  if (outer.regex !== undefined || inner.regex !== undefined) return false
  if (outer.exact !== undefined) return inner.exact === outer.exact
  return (inner.exact ?? inner.prefix ?? '').startsWith(outer.prefix ?? '')
}

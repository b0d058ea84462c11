// Matches that no request can reach, because one that is asked before takes all of theirs: as far as that can be seen from the text.
import type { Draft, Located } from './draft.ts'
import type { Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import { comparePrecedence, type Precedence, precedenceOf } from './route-precedence.ts'
import type { RouteMatchConfig } from './schema/route-match.ts'
import type { RouteConfig } from './schema/routes.ts'

type Route = Located<RouteConfig>

interface Entry {
  readonly route: Route
  readonly host: string
  readonly match: RouteMatchConfig
  /** Place of the match in its route. */
  readonly at: number
  readonly precedence: Precedence
  readonly order: number
}

const EVERYTHING: RouteMatchConfig = { ignoreCase: false, headers: {}, withoutHeaders: {}, query: {} }
/** Expressions that every path matches. */
const ANY_PATH = new Set(['.*', '/.*', '^.*$', '^/.*$', '^.*', '^/.*'])
/** Of a match with more conditions only some of what could cover it is looked for. */
const MAX_CONDITIONS = 5
const MAX_LOOKED_AT = 20
const MESH = ['mesh']

/** An identical match is an error in settings, where whoever wrote both can choose; the rest are warnings. */
export function checkShadows(draft: Draft, problems: Problems): void {
  const index = new Map<string, Entry[]>()
  const all = draft.routes.flatMap((route) => entriesOf(draft, route)).map((entry, order) => ({ ...entry, order }))
  for (const entry of all) {
    const key = keyOf(entry.host, pathKey(entry.match), conditionsOf(entry.match).sort())
    if (!index.get(key)?.push(entry)) index.set(key, [entry])
  }
  const shadows = new Map<Route, Map<number, Entry | undefined>>()
  for (const entry of all) {
    const found = shadows.get(entry.route) ?? new Map<number, Entry | undefined>()
    shadows.set(entry.route, found)
    // of several hosts, each has to be covered
    if (!found.has(entry.at) || found.get(entry.at) !== undefined) found.set(entry.at, shadowOf(entry, index))
  }
  const native = draft.settings.value.routes.length
  for (const [position, route] of draft.routes.entries())
    tell(route, shadows.get(route) ?? new Map(), { problems, native: position < native })
}

function entriesOf(draft: Draft, route: Route): Omit<Entry, 'order'>[] {
  const { at: side, hosts, matches, priority } = route.value
  const names = new Set((hosts.length > 0 ? hosts : ['*']).map((name) => draft.references.canonicalHost(name)))
  return [...names].flatMap((host) =>
    (matches.length > 0 ? matches : [EVERYTHING]).map((match, at) => ({
      route,
      // calls of the workload and calls to it have nothing to do with each other
      host: `${side} ${host}`,
      match,
      at,
      precedence: precedenceOf(match, priority),
    })),
  )
}

function keyOf(host: string, path: string, conditions: readonly string[]): string {
  return `${host} ${path} ${conditions.join(' ')}`
}

function tell(
  route: Route,
  found: ReadonlyMap<number, Entry | undefined>,
  { problems, native }: { readonly problems: Problems; readonly native: boolean },
): void {
  // what a dialect adds at the end, for what nothing else takes
  if (!native && route.value.reply !== undefined) return
  const covered = [...found].filter((pair): pair is [number, Entry] => pair[1] !== undefined)
  const [first] = covered
  if (first === undefined) return
  const where = (shadow: Entry): string => `${quote(shadow.route.value.name)} at ${formatPlace(shadow.route.at(['name']))}`
  const name = quote(route.value.name)
  if (covered.length < found.size) {
    for (const [i, shadow] of covered)
      problems.warning(
        route.at(['matches', i]),
        `${route.label}: matches[${i}] of ${name} is never reached: its requests go to ${where(shadow)}`,
      )
    return
  }
  const same = covered.every(([i, shadow]) => comparePrecedence(precedenceAt(route, i), shadow.precedence) === 0)
  const message = `${route.label}: the route ${name} is never reached: ${same ? 'the same' : 'its'} requests go to ${where(first[1])}`
  if (same && native) problems.error(route.at(['name']), message)
  else problems.warning(route.at(['name']), message)
}

function precedenceAt({ value }: Route, match: number): Precedence {
  return precedenceOf(value.matches[match] ?? EVERYTHING, value.priority)
}

/** Another route that is asked before and takes every request of this match. */
function shadowOf(entry: Entry, index: ReadonlyMap<string, readonly Entry[]>): Entry | undefined {
  const choices = subsets(conditionsOf(entry.match).sort())
  for (const path of coveringPaths(entry.match)) {
    for (const conditions of choices) {
      const others = index.get(keyOf(entry.host, path, conditions))?.slice(0, MAX_LOOKED_AT)
      const shadow = others?.find((other) => other.route !== entry.route && isBefore(other, entry) && isForAll(other, entry))
      if (shadow !== undefined) return shadow
    }
  }
  return undefined
}

function isBefore(a: Entry, b: Entry): boolean {
  return (comparePrecedence(a.precedence, b.precedence) || a.order - b.order) < 0
}

/** Whoever the second one is for, the first one is for as well. */
function isForAll({ route: { value: a } }: Entry, { route: { value: b } }: Entry): boolean {
  const own = a.gateways.length > 0 ? a.gateways : MESH
  const others = b.gateways.length > 0 ? b.gateways : MESH
  if (!others.every((name) => own.some((one) => name === one || name.startsWith(`${one}/`)))) return false
  if (a.sources.length === 0) return true
  return b.sources.length > 0 && b.sources.every((source) => a.sources.some((one) => takesSource(one, source)))
}

function takesSource(a: RouteConfig['sources'][number], b: RouteConfig['sources'][number]): boolean {
  if (a.namespace !== undefined && a.namespace !== b.namespace) return false
  return Object.entries(a.labels).every(([key, value]) => b.labels[key] === value)
}

function pathKey({ path, ignoreCase }: RouteMatchConfig): string {
  const flag = ignoreCase ? 'i' : ''
  if (path === undefined) return 'prefix:'
  if ('exact' in path) return `exact${flag}:${path.exact}`
  if ('prefix' in path) return prefixKey(path.prefix, flag)
  if ('regex' in path) return ANY_PATH.has(path.regex) ? 'any' : `regex${flag}:${path.regex}`
  return `template${flag}:${path.template}`
}

function prefixKey(prefix: string, flag: string): string {
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return bare === '' ? 'prefix:' : `prefix${flag}:${bare}`
}

/** Keys of paths that take everything this one takes. */
function coveringPaths(match: RouteMatchConfig): string[] {
  const { path, ignoreCase } = match
  const keys = new Set([pathKey(match), 'prefix:'])
  if (path === undefined) return [...keys]
  keys.add('any')
  const literal = 'exact' in path ? path.exact : 'prefix' in path ? path.prefix : ''
  if ('prefix' in path && path.prefix === '/') keys.delete('any')
  for (let end = literal.length; end > 0; end = literal.lastIndexOf('/', end - 1)) {
    const prefix = literal.slice(0, end)
    keys.add(prefixKey(prefix, 'i'))
    if (!ignoreCase) keys.add(prefixKey(prefix, ''))
  }
  if ('exact' in path) keys.add(`exacti:${path.exact}`)
  return [...keys]
}

function conditionsOf({ method, scheme, port, headers, withoutHeaders, query }: RouteMatchConfig): string[] {
  return [
    ...(method === undefined ? [] : [`method=${JSON.stringify(typeof method === 'string' ? { exact: method } : method)}`]),
    ...(scheme === undefined ? [] : [`scheme=${scheme}`]),
    ...(port === undefined ? [] : [`port=${port}`]),
    ...Object.entries(headers).map(([name, test]) => `header:${name.toLowerCase()}=${JSON.stringify(test)}`),
    ...Object.entries(withoutHeaders).map(([name, test]) => `without:${name.toLowerCase()}=${JSON.stringify(test)}`),
    ...Object.entries(query).map(([name, test]) => `query:${name}=${JSON.stringify(test)}`),
  ]
}

/** All, and with few of them every choice from them. */
function subsets(conditions: readonly string[]): (readonly string[])[] {
  if (conditions.length > MAX_CONDITIONS) return [conditions, []]
  return Array.from({ length: 2 ** conditions.length }, (_, bits) => conditions.filter((_item, i) => ((bits >> i) & 1) === 1))
}

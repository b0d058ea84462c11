// Finds the route of a request: by host, then path, then everything else, as Gateway API orders HTTPRoutes.
// hot path: bench/micro/routing/table.ts
import type { RequestHead } from '../codec/message.ts'
import { AuthorityCache, type HostTable, type Scheme } from './hosts.ts'
import type { PathIndex } from './path-index.ts'
import type { Route } from './route.ts'

const QUESTION = '?'

/** The routes under one host pattern. */
export interface HostRoutes<S> {
  readonly pattern: string
  readonly paths: PathIndex<Route<S>>
}

/** All routes that a host may get, those of its most specific pattern first. */
export class RoutesOfHost<S> {
  /** Some route looks at the path: ambiguous paths are refused before the match. */
  readonly readsPath: boolean
  /** Some route names this host; a request that none of its routes match has no route, whatever services there are. */
  readonly named: boolean
  readonly #levels: readonly PathIndex<Route<S>>[]

  constructor(found: readonly HostRoutes<S>[]) {
    this.#levels = found.map(({ paths }) => paths)
    this.readsPath = this.#levels.some((paths) => paths.readsPath)
    this.named = found.some(({ pattern }) => pattern !== '*')
  }

  match(head: RequestHead): Route<S> | undefined {
    const target = head.path
    const mark = target.indexOf(QUESTION)
    const path = mark < 0 ? target : target.slice(0, mark)
    const query = mark < 0 ? '' : target.slice(mark + 1)
    const levels = this.#levels
    for (let i = 0; i < levels.length; i++) {
      const route = (levels[i] as PathIndex<Route<S>>).match(head, path, query)
      if (route !== undefined) return route
    }
    return undefined
  }
}

export class RouteTable<S> {
  readonly #hosts: AuthorityCache<RoutesOfHost<S>>

  constructor(hosts: HostTable<HostRoutes<S>>) {
    this.#hosts = new AuthorityCache(hosts.size, (authority, scheme) => new RoutesOfHost(hosts.all(authority, scheme)))
  }

  /** Routes for a host; those of a host without any match nothing. */
  host(authority: string, scheme: Scheme): RoutesOfHost<S> {
    return this.#hosts.get(authority, scheme)
  }

  match(head: RequestHead): Route<S> | undefined {
    return this.host(head.authority, head.scheme).match(head)
  }
}

// Which of two matches for the same host is asked first, as Gateway API has it, with priorities before all that.
import type { RouteMatchConfig } from './schema/route-match.ts'

export interface Precedence {
  readonly priority: number
  /** 0: exact path; 1: regular expression or template; 2: prefix. */
  readonly sort: 0 | 1 | 2
  /** Characters of the path as it is written. */
  readonly length: number
  readonly methods: number
  readonly fields: number
  readonly parameters: number
}

export function precedenceOf(match: RouteMatchConfig, priority: number): Precedence {
  const { path, method, headers, withoutHeaders, query } = match
  return {
    priority,
    sort: path === undefined || 'prefix' in path ? 2 : 'exact' in path ? 0 : 1,
    // no path is the prefix "/"
    length: path === undefined ? 1 : Object.values(path).join('').length,
    methods: method === undefined ? 0 : 1,
    fields: Object.keys(headers).length + Object.keys(withoutHeaders).length,
    parameters: Object.keys(query).length,
  }
}

/** Negative: `a` comes first; 0: the order of the list decides. */
export function comparePrecedence(a: Precedence, b: Precedence): number {
  return (
    b.priority - a.priority ||
    a.sort - b.sort ||
    b.length - a.length ||
    b.methods - a.methods ||
    b.fields - a.fields ||
    b.parameters - a.parameters
  )
}

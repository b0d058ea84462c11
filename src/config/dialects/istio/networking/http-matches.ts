// What a VirtualService asks of requests, as matches of native routes.
import type { z } from 'zod'
import { quoteRegex } from '../../../../core/regex.ts'
import type { routeMatch } from '../../../schema/route-match.ts'
import type { StringMatch } from './fields.ts'
import type { HttpMatch } from './virtual-service.ts'

export type MatchInput = z.input<typeof routeMatch>
type TextInput = NonNullable<MatchInput['headers']>[string]

/** Fields that have keys of their own beside `headers`, where Istio does not look at them. */
export const NOT_AS_HEADERS: ReadonlySet<string> = new Set(['uri', 'scheme', 'method', 'authority'])

export function matchOf({ uri, scheme, method, authority, port, ...rest }: HttpMatch): MatchInput {
  return {
    ...pathOf(uri, rest.ignoreUriCase === true),
    ...(scheme ? { scheme: scheme.exact } : {}),
    ...(method ? methodOf(method) : {}),
    ...(port ? { port } : {}),
    headers: { ...(authority ? { host: textOf(authority) } : {}), ...textsOf(rest.headers) },
    withoutHeaders: textsOf(rest.withoutHeaders),
    query: textsOf(rest.queryParams),
  }
}

/** Istio's prefixes are mere beginnings: `/a` is for `/ab` as well. */
function pathOf(uri: StringMatch | null | undefined, ignoreCase: boolean): Pick<MatchInput, 'path' | 'ignoreCase'> {
  if (uri?.exact !== undefined) return { path: { exact: uri.exact }, ignoreCase }
  if (uri?.regex !== undefined) return { path: { regex: uri.regex } }
  if (uri?.prefix === undefined || uri.prefix === '' || uri.prefix === '/') return {}
  return { path: { regex: `${ignoreCase ? '(?i)' : ''}${quoteRegex(uri.prefix)}.*` } }
}

function methodOf(method: StringMatch): Pick<MatchInput, 'method'> {
  const { exact, prefix, regex } = method
  if (exact !== undefined) return { method: exact }
  if (prefix !== undefined) return { method: { prefix } }
  return regex === undefined ? {} : { method: { regex } }
}

function textsOf(fields: Readonly<Record<string, StringMatch>> | null | undefined): Record<string, TextInput> {
  const wanted = Object.entries(fields ?? {}).filter(([name]) => !NOT_AS_HEADERS.has(name))
  return Object.fromEntries(wanted.map(([name, match]) => [name, textOf(match)]))
}

function textOf({ exact, prefix, regex }: StringMatch): TextInput {
  if (exact !== undefined) return { exact }
  if (prefix !== undefined) return { prefix }
  return regex === undefined ? { present: true } : { regex }
}

/** What is replaced of a path by `rewrite.uri`, as Envoy does it: the beginning that matched, else the whole. */
export function rewriteOf(
  uri: string,
  match: HttpMatch | undefined,
): { path: string } | { regex: { pattern: string; replacement: string } } {
  const { exact, regex, prefix = '/' } = match?.uri ?? {}
  if (exact !== undefined || regex !== undefined) return { path: uri }
  const flags = match?.ignoreUriCase === true ? '(?i)' : ''
  return { regex: { pattern: `${flags}^${quoteRegex(prefix)}`, replacement: uri.replaceAll('\\', '\\\\') } }
}

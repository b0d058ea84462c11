// SMI's early versions have no `spec`: what later stands there stood beside `metadata`.
import type { z } from 'zod'

type Value = Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly spec?: unknown }
type Report = z.core.$RefinementCtx

/** A refinement: the keys stand in `spec` from this version on, and at the top before. */
export function inSpecSince(first: string, early: readonly string[]): (value: Value, context: Report) => void {
  return (value, context) => {
    const version = value.apiVersion.slice(value.apiVersion.indexOf('/') + 1)
    const inSpec = version >= first
    const add = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if (inSpec && value.spec === undefined) add('spec', 'expected a mapping')
    if (!inSpec && value.spec !== undefined) add('spec', `${version} has no spec: what is in it stands at the top`)
    for (const key of early) {
      if (inSpec && value[key] !== undefined) add(key, `${key} belongs into spec, since ${first}`)
      if (!inSpec && value[key] === undefined) add(key, `expected ${key}, at the top in ${version}`)
    }
  }
}

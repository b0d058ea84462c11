// Which of two resources is older.
import type { Resource } from './resource.ts'

/** Older resources first, then by namespace and name: the order of precedence among what matches equally well. */
export function byAge(a: Resource, b: Resource): number {
  return compare(createdAt(a), createdAt(b)) || compare(a.namespace, b.namespace) || compare(a.name, b.name)
}

/** What is not dated comes last: the API server dates everything, so it is newer than all that it has seen. */
function createdAt({ value }: Resource): string {
  const text = (value as { metadata: { creationTimestamp?: string | null } }).metadata.creationTimestamp
  const ms = text ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? '~' : new Date(ms).toISOString()
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

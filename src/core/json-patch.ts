// JSON Patch (RFC 6902): the changes that lead from one value to another, for the Kubernetes API and for documents that are edited in place.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type PatchPath = readonly (string | number)[]

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: PatchPath; readonly value: Json }
  | { readonly op: 'remove'; readonly path: PatchPath }

/**
 * Operations in the order in which they must be made. Lists of named things (containers, volumes, ports) are compared by name, other
 * lists are replaced whole.
 */
export function diff(before: Json, after: Json): PatchOperation[] {
  const operations: PatchOperation[] = []
  compare(before, after, [], operations)
  return operations
}

/** RFC 6901: '/spec/containers/0'. */
export function pointer(path: PatchPath): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

function compare(before: Json, after: Json, path: PatchPath, operations: PatchOperation[]): void {
  if (isMapping(before) && isMapping(after)) compareMappings(before, after, path, operations)
  else if (isNamed(before) && isNamed(after) && keepsOrder(before, after)) compareNamed(before, after, path, operations)
  else if (!isSame(before, after)) operations.push({ op: 'replace', path, value: after })
}

function compareMappings(before: Mapping, after: Mapping, path: PatchPath, operations: PatchOperation[]): void {
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) operations.push({ op: 'remove', path: [...path, key] })
  for (const [key, value] of Object.entries(after)) {
    const inner = [...path, key]
    if (Object.hasOwn(before, key)) compare(before[key] as Json, value, inner, operations)
    else operations.push({ op: 'add', path: inner, value })
  }
}

function compareNamed(before: readonly Named[], after: readonly Named[], path: PatchPath, operations: PatchOperation[]): void {
  const kept = new Set(after.map(({ name }) => name))
  for (let i = before.length - 1; i >= 0; i--) {
    if (!kept.has((before[i] as Named).name)) operations.push({ op: 'remove', path: [...path, i] })
  }
  const known = new Map(before.map((item) => [item.name, item]))
  after.forEach((item, i) => {
    const old = known.get(item.name)
    if (old === undefined) operations.push({ op: 'add', path: [...path, i], value: item })
    else compare(old, item, [...path, i], operations)
  })
}

type Mapping = { readonly [key: string]: Json }
type Named = Mapping & { readonly name: string }

function isMapping(value: Json): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNamed(value: Json): value is readonly Named[] {
  if (!Array.isArray(value)) return false
  const names = new Set(
    value.map((item: Json) => (isMapping(item) && typeof item['name'] === 'string' ? item['name'] : undefined)),
  )
  return names.size === value.length && !names.has(undefined)
}

/** What is in both stands in the same order in both. */
function keepsOrder(before: readonly Named[], after: readonly Named[]): boolean {
  const kept = new Set(after.map(({ name }) => name))
  const known = new Set(before.map(({ name }) => name))
  const common = before.filter(({ name }) => kept.has(name))
  return after.filter(({ name }) => known.has(name)).every(({ name }, i) => name === common[i]?.name)
}

function isSame(a: Json, b: Json): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

// A group of resources: the versions and kinds of it that this program has heard of.
import type { Kind } from './resource.ts'

/** `later`: known, and not understood by this version. `ignored`: says nothing that matters here. */
export type KindState = Kind | 'later' | 'ignored'

export interface Group {
  readonly versions: readonly string[]
  readonly kinds: Readonly<Record<string, KindState>>
}

/** Groups by the name that documents give. */
export type Groups = Readonly<Record<string, Group>>

export function all(state: 'later' | 'ignored', ...kinds: readonly string[]): Record<string, KindState> {
  return Object.fromEntries(kinds.map((kind) => [kind, state]))
}

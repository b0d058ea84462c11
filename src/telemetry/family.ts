// A metric family as data, and short ways to write one down.

/** 'configured': values come from the configuration; a list: the only values there are. Never raw from a request. */
export type LabelSpec = 'configured' | readonly string[]

export interface FamilySpec {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: Readonly<Record<string, LabelSpec>>
  /** Upper bounds of a histogram, without +Inf. */
  readonly buckets?: readonly number[]
  /** How the answers of several workers become one. */
  readonly merge: 'sum' | 'max' | 'min'
}

export function counter<const L extends Record<string, LabelSpec>>(name: string, labels: L, help: string) {
  return { name, type: 'counter', help, labels, merge: 'sum' } as const
}

export function gauge<const L extends Record<string, LabelSpec>>(
  name: string,
  labels: L,
  help: string,
  merge: 'sum' | 'max' | 'min' = 'sum',
) {
  return { name, type: 'gauge', help, labels, merge } as const
}

export function histogram<const L extends Record<string, LabelSpec>>(
  name: string,
  labels: L,
  buckets: readonly number[],
  help: string,
) {
  return { name, type: 'histogram', help, labels, buckets, merge: 'sum' } as const
}

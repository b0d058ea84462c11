// What one key of a rule asks: values of which one must match, or none may. Rules are made of these.
// hot path: bench/micro/policy/decide.ts

import type { PolicyInput } from './input.ts'
import { IpSet } from './ip-set.ts'
import { isTemplate, PathTemplate } from './path-template.ts'
import { TextSet } from './text-set.ts'

/** One condition of a rule. */
export interface Test {
  /** How the policy calls it, for `explain`. */
  readonly field: string
  /** It needs the head of a request. */
  readonly http: boolean
  holds(input: PolicyInput): boolean
}

interface Membership {
  has(text: string): boolean
}

export interface Key {
  readonly field: string
  readonly http: boolean
  /** What is looked at; '' when there is nothing. */
  read(input: PolicyInput): string
}

/** One value of the input, and whether it is in the set or, negated, not. */
export class ValueTest implements Test {
  readonly field: string
  readonly http: boolean
  readonly #key: Key
  readonly #set: Membership
  readonly #wanted: boolean

  constructor(key: Key, set: Membership, wanted: boolean) {
    this.field = wanted ? key.field : negated(key.field)
    this.http = key.http
    this.#key = key
    this.#set = set
    this.#wanted = wanted
  }

  holds(input: PolicyInput): boolean {
    return this.#set.has(this.#key.read(input)) === this.#wanted
  }
}

/** ports → notPorts; the key of a condition stays as it is. */
export function negated(field: string): string {
  return field.includes('.') ? `not ${field}` : `not${field.charAt(0).toUpperCase()}${field.slice(1)}`
}

export class PathSet implements Membership {
  readonly #texts: TextSet
  readonly #templates: readonly PathTemplate[]

  constructor(paths: readonly string[]) {
    this.#texts = new TextSet(paths.filter((path) => !isTemplate(path)))
    this.#templates = paths.filter(isTemplate).map((path) => new PathTemplate(path))
  }

  has(path: string): boolean {
    if (this.#texts.has(path)) return true
    const templates = this.#templates
    for (let i = 0; i < templates.length; i++) if ((templates[i] as PathTemplate).test(path)) return true
    return false
  }
}

/** Tests of a list and of its negation; none where both are empty. */
export function testsOf(key: Key, values: readonly string[], notValues: readonly string[], make: SetMaker): Test[] {
  const tests: Test[] = []
  if (values.length > 0) tests.push(new ValueTest(key, make(values), true))
  if (notValues.length > 0) tests.push(new ValueTest(key, make(notValues), false))
  return tests
}

export type SetMaker = (values: readonly string[]) => Membership

export const asTexts: SetMaker = (values) => new TextSet(values)
export const asHosts: SetMaker = (values) => new TextSet(values.map((value) => value.toLowerCase()))
export const asBlocks: SetMaker = (values) => new IpSet(values)
export const asPaths: SetMaker = (values) => new PathSet(values)

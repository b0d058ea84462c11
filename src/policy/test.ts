// What one key of a rule asks: values of which one must match, or none may. Rules are made of these.
// hot path: bench/micro/policy/decide.ts
import type { PolicyInput } from './input.ts'
import type { IndexKey, Members, MembersMaker } from './members.ts'

/** One condition of a rule. */
export interface Test {
  /** How the policy calls it, for `explain`. */
  readonly field: string
  /** It needs the head of a request. */
  readonly http: boolean
  /** By what rules with this test can be found; null: it holds for too many values. */
  readonly found: Findable | null
  holds(input: PolicyInput): boolean
}

export interface Findable {
  /** What is looked at; tests of one dimension read the same. */
  readonly dimension: string
  readonly keys: readonly IndexKey[]
  /** What the test holds for is among these. */
  read(input: PolicyInput): string | readonly string[]
}

export interface Key {
  readonly field: string
  readonly dimension: string
  readonly http: boolean
  /** What is looked at; '' when there is nothing. */
  read(input: PolicyInput): string
}

/** One value of the input, and whether it is in the set or, negated, not. */
export class ValueTest implements Test {
  readonly field: string
  readonly http: boolean
  readonly found: Findable | null
  readonly #key: Key
  readonly #set: Members
  readonly #wanted: boolean

  constructor(key: Key, set: Members, wanted: boolean) {
    this.field = wanted ? key.field : negated(key.field)
    this.http = key.http
    this.found =
      wanted && set.keys !== null ? { dimension: key.dimension, keys: set.keys, read: (input) => key.read(input) } : null
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

/** Tests of a list and of its negation; none where both are empty. */
export function testsOf(key: Key, values: readonly string[], notValues: readonly string[], make: MembersMaker): Test[] {
  const tests: Test[] = []
  if (values.length > 0) tests.push(new ValueTest(key, make(values), true))
  if (notValues.length > 0) tests.push(new ValueTest(key, make(notValues), false))
  return tests
}

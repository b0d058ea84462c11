// A rule, compiled: callers × operations, and conditions. One verdict for all the requests that it decides.
// hot path: bench/micro/policy/decide.ts
import type { PolicyInput } from './input.ts'
import type { Test } from './test.ts'
import type { Verdict } from './verdict.ts'

export interface RuleParts {
  /** Any of these; each is a conjunction. Empty: everybody. */
  readonly from: readonly (readonly Test[])[]
  readonly to: readonly (readonly Test[])[]
  readonly when: readonly Test[]
}

export interface RuleOptions {
  readonly id: string
  readonly verdict: Verdict
  /** Bytes have no head: a rule that denies then goes by what else it asks, one that allows does not match. */
  readonly wide: boolean
}

export class Rule {
  readonly id: string
  readonly verdict: Verdict
  readonly parts: RuleParts
  readonly #wide: boolean

  constructor(parts: RuleParts, { id, verdict, wide }: RuleOptions) {
    this.id = id
    this.verdict = verdict
    this.parts = parts
    this.#wide = wide
  }

  matches(input: PolicyInput): boolean {
    const { from, to, when } = this.parts
    const wide = this.#wide
    return anyGroup(from, input, wide) && anyGroup(to, input, wide) && allTests(when, input, wide)
  }

  /** Of a caller that has asked for nothing: `may`: whether some request of it could match; else whether each one would. */
  matchesPeer(input: PolicyInput, may: boolean): boolean {
    const { from, to, when } = this.parts
    return anyGroup(from, input, may) && anyGroup(to, input, may) && allTests(when, input, may)
  }

  /** How far it is from matching: the share of its tests that hold, and the first that does not. */
  distance(input: PolicyInput): { share: number; field: string } {
    const { from, to, when } = this.parts
    const groups = [this.#closest('from', from, input), this.#closest('to', to, input), this.#closest('when', [when], input)]
    const total = groups.reduce((sum, { of }) => sum + of, 0)
    const held = groups.reduce((sum, group) => sum + group.held, 0)
    return { share: total === 0 ? 1 : held / total, field: groups.find(({ field }) => field !== '')?.field ?? '' }
  }

  #closest(key: string, groups: readonly (readonly Test[])[], input: PolicyInput): { held: number; of: number; field: string } {
    let best = { held: 0, of: 0, field: '' }
    let bestShare = -1
    for (const tests of groups) {
      const held = tests.filter((test) => holds(test, input, this.#wide)).length
      const failed = tests.find((test) => !holds(test, input, this.#wide))
      const share = tests.length === 0 ? 1 : held / tests.length
      if (share <= bestShare) continue
      bestShare = share
      best = { held, of: tests.length, field: failed === undefined ? '' : `${key}.${failed.field}` }
    }
    return best
  }
}

/** `wide`: what a test of a head is taken for where there is no head. */
function anyGroup(groups: readonly (readonly Test[])[], input: PolicyInput, wide: boolean): boolean {
  if (groups.length === 0) return true
  for (let i = 0; i < groups.length; i++) if (allTests(groups[i] as readonly Test[], input, wide)) return true
  return false
}

function allTests(tests: readonly Test[], input: PolicyInput, wide: boolean): boolean {
  for (let i = 0; i < tests.length; i++) if (!holds(tests[i] as Test, input, wide)) return false
  return true
}

function holds(test: Test, input: PolicyInput, wide: boolean): boolean {
  return test.http && input.head === undefined ? wide : test.holds(input)
}

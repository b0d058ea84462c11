// What policies would say that decide nothing: audits, and those that run dry.
import type { Config } from '../config/schema/config.ts'
import { compileRules } from './compile-rule.ts'
import { PolicyEngine } from './engine.ts'
import type { PolicyInput } from './input.ts'
import { RuleFamily } from './rule-family.ts'
import { RuleIndex } from './rule-index.ts'
import { appliesTo } from './selection.ts'
import type { FamilyContext, Verdict } from './verdict.ts'

export class Observed {
  readonly #audits: RuleIndex
  readonly #dry: PolicyEngine | null

  constructor(audits: RuleIndex, dry: PolicyEngine | null) {
    this.#audits = audits
    this.#dry = dry
  }

  /** Id of the rule that wants to have it noted. */
  audit(input: PolicyInput): string | undefined {
    return this.#audits.find(input)?.id
  }

  /** What the policies that run dry would have said; undefined: there are none. */
  dry(input: PolicyInput): Verdict | undefined {
    return this.#dry?.decide(input)
  }
}

/** null: there is nothing to observe. `watched`: others want to see every request as well. */
export function compileObserved(config: Config, direction: FamilyContext['direction'], watched: boolean): Observed | null {
  const own = config.policies.filter((policy) => policy.direction === direction && appliesTo(policy, config.settings))
  const audits = own.filter(({ action }) => action === 'audit')
  const dry = own.filter(({ dryRun }) => dryRun)
  if (audits.length + dry.length === 0 && !watched) return null
  const families = (['istio', 'smi', 'native'] as const).flatMap((name) => {
    const ofFamily = dry.filter(({ family }) => family === name)
    return ofFamily.length === 0 ? [] : [new RuleFamily(name, ofFamily, { config, direction })]
  })
  return new Observed(
    new RuleIndex(compileRules(audits, config)),
    families.length === 0 ? null : new PolicyEngine(families, 'allow'),
  )
}

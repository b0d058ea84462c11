// Policies with the action `custom`: for which requests which providers are asked.
// hot path: bench/micro/policy/decide.ts
import type { Config } from '../../config/schema/config.ts'
import type { PolicyConfig } from '../../config/schema/policies.ts'
import type { ProviderConfig } from '../../config/schema/providers.ts'
import { compileRules } from '../compile-rule.ts'
import type { PolicyInput } from '../input.ts'
import { RuleIndex } from '../rule-index.ts'
import { appliesTo } from '../selection.ts'

/** Somebody to be asked, and by which rule. */
export interface Due {
  readonly rule: string
  readonly name: string
  /** undefined: there is no such provider, and nobody can allow it. */
  readonly provider: ProviderConfig | undefined
}

/** null: nobody is ever asked. */
export function compileCustom(config: Config): CustomRules | null {
  const own = config.policies.filter(
    (policy) => policy.action === 'custom' && policy.direction === 'inbound' && appliesTo(policy, config.settings),
  )
  return own.length === 0 ? null : new CustomRules(own, config)
}

interface Asked {
  readonly name: string
  readonly provider: ProviderConfig | undefined
  readonly rules: RuleIndex
}

export class CustomRules {
  readonly #asked: readonly Asked[]

  constructor(own: readonly PolicyConfig[], config: Config) {
    const names = new Set(own.map(({ provider = '' }) => provider))
    this.#asked = [...names].map((name) => ({
      name,
      provider: config.settings.extensionProviders.find((one) => one.name === name),
      rules: new RuleIndex(
        compileRules(
          own.filter(({ provider = '' }) => provider === name),
          config,
        ),
      ),
    }))
  }

  /** null: nobody. */
  due(input: PolicyInput): readonly Due[] | null {
    let due: Due[] | null = null
    for (const { name, provider, rules } of this.#asked) {
      const rule = rules.find(input)
      if (rule === undefined) continue
      due ??= []
      due.push({ rule: rule.id, name, provider })
    }
    return due
  }
}

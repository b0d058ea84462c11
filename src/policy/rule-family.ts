// Policies made of rules: denials first, then permissions. Istio's, SMI's and our own are each a family of this kind.
// hot path: bench/micro/policy/decide.ts
import type { PolicyConfig } from '../config/schema/policies.ts'
import { compileRules } from './compile-rule.ts'
import type { PolicyInput } from './input.ts'
import { isTemplate } from './path-template.ts'
import type { Rule } from './rule.ts'
import { RuleIndex } from './rule-index.ts'
import { appliesTo } from './selection.ts'
import type { FamilyContext, Nearest, PathReading, PolicyFamily, Verdict } from './verdict.ts'

export type FamilyName = PolicyConfig['family']

export function ruleFamily(name: FamilyName, context: FamilyContext): RuleFamily | undefined {
  const { config, direction } = context
  const own = config.policies.filter(
    (policy) => !policy.dryRun && policy.family === name && policy.direction === direction && appliesTo(policy, config.settings),
  )
  if (own.length === 0) return undefined
  return new RuleFamily(name, own, context)
}

export class RuleFamily implements PolicyFamily {
  readonly name: string
  readonly readsPath: PathReading
  readonly #deny: RuleIndex
  /** null: no policy allows anything, so nothing is asked to. */
  readonly #allow: RuleIndex | null
  readonly #denials: readonly Rule[]
  readonly #permissions: readonly Rule[]
  readonly #none: Verdict

  constructor(name: FamilyName, policies: readonly PolicyConfig[], { config }: FamilyContext) {
    const compile = (wanted: PolicyConfig['action']) =>
      compileRules(
        policies.filter(({ action }) => action === wanted),
        config,
      )
    this.name = name
    this.readsPath = pathReading(policies)
    this.#denials = compile('deny')
    this.#deny = new RuleIndex(this.#denials)
    this.#permissions = compile('allow')
    this.#allow = policies.some(({ action }) => action === 'allow') ? new RuleIndex(this.#permissions) : null
    this.#none = { allowed: false, rule: '', why: `no rule of the ${name} policies for this workload allows it` }
  }

  decide(input: PolicyInput): Verdict | undefined {
    const denial = this.#deny.find(input)
    if (denial !== undefined) return denial.verdict
    if (this.#allow === null) return undefined
    return this.#allow.find(input)?.verdict ?? this.#none
  }

  denialOfPeer(input: PolicyInput): Verdict | undefined {
    const denial = this.#denials.find((rule) => rule.matchesPeer(input, false))
    if (denial !== undefined) return denial.verdict
    return this.#allow === null || this.#permissions.some((rule) => rule.matchesPeer(input, true)) ? undefined : this.#none
  }

  nearest(input: PolicyInput): Nearest | undefined {
    if (this.#allow === null || this.#deny.find(input) !== undefined) return undefined
    let best: Nearest | undefined
    let bestShare = -1
    for (const rule of this.#permissions) {
      const { share, field } = rule.distance(input)
      if (share <= bestShare) continue
      bestShare = share
      best = { rule: rule.id, field }
    }
    return best
  }
}

function pathReading(policies: readonly PolicyConfig[]): PathReading {
  const rules = policies.flatMap((policy) => policy.rules.map(({ to, when }) => ({ to, when, action: policy.action })))
  const asked = rules.filter(
    ({ to, when }) =>
      to.some(({ paths, notPaths, pathRegexes }) => paths.length + notPaths.length + pathRegexes.length > 0) ||
      when.some(({ key }) => key === 'request.headers[:path]'),
  )
  if (asked.length === 0) return false
  const onlyTemplates = asked.every(
    ({ to, action }) =>
      action === 'allow' &&
      to.every(({ paths, notPaths, pathRegexes }) => notPaths.length + pathRegexes.length === 0 && paths.every(isTemplate)),
  )
  return onlyTemplates ? 'templates' : true
}

// From a rule of the configuration to its compiled form.
import type { Config } from '../config/schema/config.ts'
import type { PolicyConfig, PolicyRuleConfig } from '../config/schema/policies.ts'
import { type CallerContext, sourceTests } from './callers.ts'
import { conditionTests } from './conditions.ts'
import { operationTests } from './operations.ts'
import { Rule } from './rule.ts'
import type { Verdict } from './verdict.ts'

/** The rules of policies in their order. */
export function compileRules(policies: readonly PolicyConfig[], { settings, workloads }: Config): Rule[] {
  const trustDomains = [settings.trustDomain, ...settings.trustDomainAliases]
  const byAddress = new Map(workloads.flatMap((workload) => workload.addresses.map((address) => [address, workload] as const)))
  return policies.flatMap(({ name, namespace = settings.workload.namespace, action, family, rules }) => {
    const context = { namespace, trustDomains, workloads: family === 'istio' ? undefined : byAddress }
    return rules.map((rule, i) => compileRule(rule, action, ruleId(namespace, name, i), context))
  })
}

/** The id that Istio gives it in logs. */
function ruleId(namespace: string, policy: string, index: number): string {
  return `ns[${namespace}]-policy[${policy}]-rule[${index}]`
}

function compileRule(config: PolicyRuleConfig, action: PolicyConfig['action'], id: string, context: CallerContext): Rule {
  const wide = action !== 'allow'
  const verdict: Verdict =
    action === 'allow'
      ? { allowed: true, rule: id, why: `the rule ${id} allows it` }
      : { allowed: false, rule: id, why: `the rule ${id} denies it` }
  const when = config.when.flatMap((condition) => {
    const tests = conditionTests(condition, { ...context, wide })
    if (tests === undefined) throw new Error(`${id}: unknown condition key ${condition.key}`)
    return tests
  })
  const parts = {
    from: config.from.map((source) => sourceTests(source, context)),
    to: config.to.map((operation) => operationTests(operation, wide)),
    when,
  }
  return new Rule(parts, { id, verdict, wide })
}

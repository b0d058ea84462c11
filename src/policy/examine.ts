// What is wrong with policies that only whoever compiles them knows: keys that do not exist, templates that are none.
import type { PolicyConfig, PolicyRuleConfig } from '../config/schema/policies.ts'
import { regexProblem } from '../core/regex.ts'
import { conditionTests } from './conditions.ts'
import { isTemplate, templateProblem } from './path-template.ts'

export interface PolicyFinding {
  readonly policy: number
  /** Within the policy. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

export function examinePolicies(policies: readonly PolicyConfig[]): PolicyFinding[] {
  return policies.flatMap(({ rules }, policy) =>
    rules.flatMap((rule, i) =>
      [...conditionFindings(rule), ...templateFindings(rule), ...regexFindings(rule)].map(({ path, message }) => ({
        policy,
        path: ['rules', i, ...path],
        message,
      })),
    ),
  )
}

type Part = Omit<PolicyFinding, 'policy'>

function conditionFindings({ when }: PolicyRuleConfig): Part[] {
  const context = { namespace: '', trustDomains: [], workloads: undefined, wide: false }
  return when.flatMap((condition, i): Part[] => {
    const { key, values, notValues } = condition
    if (conditionTests(condition, context) === undefined)
      return [{ path: ['when', i, 'key'], message: `unknown condition key ${JSON.stringify(key)}` }]
    return values.length + notValues.length > 0 ? [] : [{ path: ['when', i], message: `${key} has neither values nor notValues` }]
  })
}

function regexFindings({ to }: PolicyRuleConfig): Part[] {
  return to.flatMap(({ pathRegexes, headerRegexes }, i) => {
    const paths = pathRegexes.map((text, j) => ({ text, path: ['to', i, 'pathRegexes', j] }))
    const headers = Object.entries(headerRegexes).map(([name, text]) => ({ text, path: ['to', i, 'headerRegexes', name] }))
    return [...paths, ...headers].flatMap(({ text, path }) => {
      const message = regexProblem(text)
      return message === undefined ? [] : [{ path, message: `${JSON.stringify(text)}: ${message}` }]
    })
  })
}

function templateFindings({ to }: PolicyRuleConfig): Part[] {
  return to.flatMap((operation, i) =>
    (['paths', 'notPaths'] as const).flatMap((key) =>
      operation[key].flatMap((path, j) => {
        const problem = isTemplate(path) ? templateProblem(path) : undefined
        return problem === undefined ? [] : [{ path: ['to', i, key, j], message: `${JSON.stringify(path)}: ${problem}` }]
      }),
    ),
  )
}

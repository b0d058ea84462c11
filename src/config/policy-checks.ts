// Checks of policies: names, providers, and rules that could never work.
import type { Draft, Located } from './draft.ts'
import { didYouMean, nearest } from './nearest.ts'
import type { Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import type { PolicyConfig } from './schema/policies.ts'

export function checkPolicies(draft: Draft, problems: Problems): void {
  checkProviders(draft, problems)
  const known = labelKeys(draft)
  const names = new Map<string, Located<PolicyConfig>>()
  for (const policy of draft.policies) {
    checkAction(draft, policy, problems)
    checkSelector(policy, known, problems)
    const { family, namespace, name } = policy.value
    // several selectors of one document are several policies of one name
    const key = `${family} ${namespace} ${name}`
    const first = names.get(key)
    if (first === undefined) names.set(key, policy)
    else if (family === 'native') {
      const message = `${policy.label}: the policy ${quote(name)} is there twice, first at ${formatPlace(first.at([]))}`
      problems.error(policy.at(['name']), message)
    }
  }
  checkIdentityRules(draft, problems)
}

function checkProviders({ settings }: Draft, problems: Problems): void {
  const names = new Set<string>()
  for (const [index, { name }] of settings.value.extensionProviders.entries()) {
    const place = settings.at(['extensionProviders', index, 'name'])
    if (names.has(name)) problems.error(place, `extensionProviders[${index}]: the provider ${quote(name)} is there twice`)
    names.add(name)
  }
}

function checkAction({ settings }: Draft, { value, label, at }: Located<PolicyConfig>, problems: Problems): void {
  const { action, provider, rules, dryRun } = value
  if (action === 'custom' && provider === undefined)
    problems.error(at(['action']), `${label}: custom needs a provider: who is asked`)
  if (action !== 'custom' && provider !== undefined)
    problems.error(at(['provider']), `${label}: only custom has a provider, and the action is ${action}`)
  if (action !== 'allow' && rules.length === 0)
    problems.error(at(['action']), `${label}: ${action} without rules never matches`, 'one empty rule is for everything')
  if (dryRun && action !== 'allow' && action !== 'deny')
    problems.error(at(['dryRun']), `${label}: dryRun is for allow and deny, and the action is ${action}`)
  const known = settings.value.extensionProviders.map(({ name }) => name)
  if (action === 'custom' && provider !== undefined && !known.includes(provider))
    problems.warning(
      at(['provider']),
      `${label}: there is no provider ${quote(provider)}: what it is asked about is denied`,
      didYouMean(provider, known),
    )
}

/** A label that nothing bears selects nothing; that may be meant, unless another one is spelt nearly the same. */
function checkSelector({ value, label, at }: Located<PolicyConfig>, known: readonly string[], problems: Problems): void {
  for (const key of Object.keys(value.selector)) {
    const meant = known.includes(key) ? undefined : nearest(key, known)
    if (meant !== undefined)
      problems.warning(
        at(['selector', key]),
        `${label}: no workload has the label ${quote(key)}`,
        `did you mean ${quote(meant)}?`,
      )
  }
}

function labelKeys({ settings, workloads }: Draft): string[] {
  return [...new Set([settings.value.workload, ...workloads].flatMap(({ labels }) => Object.keys(labels)))]
}

/** Without mutual TLS nobody has an identity, so a rule that asks for one can never let anybody in. */
function checkIdentityRules({ settings, policies, peerAuthentications }: Draft, problems: Problems): void {
  const { identity, listeners, workload, rootNamespace } = settings.value
  const { inbound } = listeners
  if (inbound.length === 0 || peerAuthentications.length > 0) return
  const disabled = inbound.every(({ mtls, mtlsPorts }) => mtls === 'disable' && Object.keys(mtlsPorts).length === 0)
  // a sidecar without an identity may still be asked by `explain` what it would say to verified peers
  if (!disabled && identity !== undefined) return
  for (const { value, label, at } of policies) {
    const { namespace, serviceAccount, selector, direction, action, rules } = value
    const own =
      (namespace === undefined || namespace === workload.namespace || namespace === rootNamespace) &&
      (serviceAccount === undefined || serviceAccount === workload.serviceAccount) &&
      Object.entries(selector).every(([key, wanted]) => workload.labels[key] === wanted)
    if (!own || direction !== 'inbound' || action !== 'allow') continue
    for (const [i, { from }] of rules.entries()) {
      if (from.length === 0 || !from.every((source) => needsIdentity(source, value.family))) continue
      const message = `${label}: rule ${i} asks for an identity, and no listener takes mutual TLS: it can never match`
      if (disabled) problems.error(at(['rules', i, 'from']), message, 'leave out mtls: disable')
      else problems.warning(at(['rules', i, 'from']), message, 'add identity')
    }
  }
}

/** Native policies know Pods by their address as well. */
function needsIdentity(source: PolicyConfig['rules'][number]['from'][number], family: PolicyConfig['family']): boolean {
  if (source.principals.length + source.trustDomains.length > 0) return true
  return family === 'istio' && source.namespaces.length + source.serviceAccounts.length > 0
}

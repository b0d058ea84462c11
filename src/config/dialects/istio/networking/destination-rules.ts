// DestinationRules applied to the services that they are for.
import type { Path, Problems } from '../../../problem.ts'
import type { ServiceConfig } from '../../../schema/services.ts'
import { serviceSchema } from '../../../schema/services.ts'
import type { Settings } from '../../../schema/settings.ts'
import { byAge } from '../../age.ts'
import type { Resources } from '../../resource.ts'
import { placeIn } from '../../resource.ts'
import { DESTINATION_RULE, type DestinationRule, type Subset, type TrafficPolicy } from './destination-rule.ts'
import { namespacesOf } from './route-scope.ts'
import { RuleIndex } from './rule-index.ts'
import { partsOf, policyOf } from './traffic-policy.ts'

export type Own = Pick<Settings, 'workload' | 'rootNamespace'>

/** The same services, with what the rules say of them. */
export function applyDestinationRules(
  services: readonly ServiceConfig[],
  resources: Resources,
  { own, problems }: { own: Own; problems: Problems },
): ServiceConfig[] {
  const rules = resources
    .of(DESTINATION_RULE)
    .filter((rule) => isVisible(rule, own))
    .sort(byAge)
  for (const rule of resources.of(DESTINATION_RULE)) warnOfUnused(rule, problems)
  const index = new RuleIndex(rules)
  const used = new Set<DestinationRule>()
  const applied = services.map((service) => {
    const found = index.rulesFor(service, own)
    for (const rule of found) used.add(rule)
    return found.length === 0 ? service : apply(service, found)
  })
  for (const rule of rules) {
    if (used.has(rule)) continue
    const message = `spec.host: no service is called ${rule.value.spec.host}, or another DestinationRule for it goes before this one`
    problems.warning(placeIn(rule, ['spec', 'host']), message)
  }
  return applied
}

/** Exported to the own workload and, where it selects some, for this one. */
function isVisible({ namespace, value }: DestinationRule, { workload }: Own): boolean {
  const { exportTo, workloadSelector } = value.spec
  const to = namespacesOf(exportTo ?? ['*'], namespace)
  if (to !== undefined && !to.includes(workload.namespace)) return false
  if (!workloadSelector) return true
  const labels = Object.entries(workloadSelector.matchLabels ?? {})
  return namespace === workload.namespace && labels.every(([key, text]) => workload.labels[key] === text)
}

function apply(service: ServiceConfig, [first, ...others]: readonly DestinationRule[]): ServiceConfig {
  const policy = first?.value.spec.trafficPolicy
  const subsets = new Map<string, Subset>()
  for (const rule of first === undefined ? [] : [first, ...others]) {
    for (const subset of rule.value.spec.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset)
  }
  const written = serviceSchema.encode(service)
  return serviceSchema.parse({
    ...written,
    ...(policy ? partsOf(policyOf(policy, service.port)) : {}),
    subsets: [...subsets.values()].map((subset) => subsetOf(subset, service.port)),
  })
}

function subsetOf({ name, labels, trafficPolicy }: Subset, port: number): object {
  const { balance, hash, locality, limits, outlierDetection, retryBudget, connectTimeout, idleTimeout } = trafficPolicy
    ? partsOf(policyOf(trafficPolicy, port))
    : {}
  const overrides = { balance, hash, locality, limits, outlierDetection, retryBudget, connectTimeout, idleTimeout }
  const own = Object.fromEntries(Object.entries(overrides).filter(([, part]) => part !== undefined))
  return { name, labels: labels ?? {}, overrides: own }
}

/** What is read and does nothing here. */
function warnOfUnused(rule: DestinationRule, problems: Problems): void {
  const warn = (path: Path, message: string): void => problems.warning(placeIn(rule, ['spec', ...path]), message)
  const { trafficPolicy, subsets } = rule.value.spec
  if (trafficPolicy) unusedIn(trafficPolicy, ['trafficPolicy'], warn)
  for (const [index, { trafficPolicy: policy }] of (subsets ?? []).entries()) {
    if (!policy) continue
    unusedIn(policy, ['subsets', index, 'trafficPolicy'], warn)
    for (const key of ['tls', 'proxyProtocol'] as const) {
      if (policy[key])
        warn(['subsets', index, 'trafficPolicy', key], `${key} of a subset is ignored: that of the whole service holds`)
    }
    const { connectionPool } = policy
    if (connectionPool?.http?.h2UpgradePolicy === 'UPGRADE' || connectionPool?.http?.useClientProtocol)
      warn(['subsets', index, 'trafficPolicy', 'connectionPool', 'http'], 'a subset speaks what its service speaks')
  }
}

function unusedIn(policy: TrafficPolicy, at: Path, warn: (path: Path, message: string) => void): void {
  const levels = [
    { settings: policy, path: at },
    ...(policy.portLevelSettings ?? []).map((settings, i) => ({ settings, path: [...at, 'portLevelSettings', i] })),
  ]
  for (const { settings, path } of levels) {
    const { loadBalancer, connectionPool } = settings
    const hash = loadBalancer?.consistentHash
    const locality = loadBalancer?.localityLbSetting
    const unused: [unknown, Path][] = [
      [
        hash?.minimumRingSize ?? hash?.ringHash?.minimumRingSize,
        ['loadBalancer', 'consistentHash', hash?.ringHash ? 'ringHash' : 'minimumRingSize'],
      ],
      [hash?.maglev?.tableSize, ['loadBalancer', 'consistentHash', 'maglev']],
      [hash?.httpCookie?.attributes, ['loadBalancer', 'consistentHash', 'httpCookie', 'attributes']],
      [locality?.failover, ['loadBalancer', 'localityLbSetting', 'failover']],
      [locality?.failoverPriority, ['loadBalancer', 'localityLbSetting', 'failoverPriority']],
      [connectionPool?.tcp?.tcpKeepalive, ['connectionPool', 'tcp', 'tcpKeepalive']],
      [connectionPool?.tcp?.maxConnectionDuration, ['connectionPool', 'tcp', 'maxConnectionDuration']],
      [connectionPool?.http?.maxConcurrentStreams, ['connectionPool', 'http', 'maxConcurrentStreams']],
      [connectionPool?.http?.http2KeepAlive, ['connectionPool', 'http', 'http2KeepAlive']],
    ]
    for (const [value, key] of unused) if (value) warn([...path, ...key], `${key.at(-1)} is ignored`)
  }
  if (policy.retryBudget?.budgetInterval) warn([...at, 'retryBudget', 'budgetInterval'], 'budgetInterval is ignored')
}

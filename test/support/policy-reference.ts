// What policies mean, written as plainly as can be and as slowly as need be: a second reading of the documentation, to hold the compiled
// engine to. It shares no code with it.
import type { PolicyConfig, PolicyRuleConfig } from '../../src/config/schema/policies.ts'
import type { Asked } from './policy-world.ts'

interface World {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly trustDomains: readonly string[]
  readonly defaultVerdict: 'allow' | 'deny'
}

export function referenceVerdict(policies: readonly PolicyConfig[], asked: Asked, world: World): boolean {
  const direction = asked.direction ?? 'inbound'
  const own = policies.filter(
    (policy) =>
      policy.direction === direction &&
      (policy.namespace === undefined || policy.namespace === world.namespace || policy.namespace === 'istio-system') &&
      Object.entries(policy.selector).every(([key, value]) => world.labels[key] === value),
  )
  let said = false
  for (const family of ['istio', 'smi', 'native']) {
    const ofFamily = own.filter((policy) => policy.family === family)
    const matching = (action: string) =>
      ofFamily.some((policy) => policy.action === action && policy.rules.some((rule) => ruleHolds(rule, policy, asked, world)))
    if (matching('deny')) return false
    if (!ofFamily.some(({ action }) => action === 'allow')) continue
    if (!matching('allow')) return false
    said = true
  }
  return said || direction === 'outbound' || world.defaultVerdict === 'allow'
}

function ruleHolds(rule: PolicyRuleConfig, policy: PolicyConfig, asked: Asked, world: World): boolean {
  const denies = policy.action === 'deny'
  const http = (holds: () => boolean): boolean => (asked.tcp === true ? denies : holds())
  const [domain = '', , namespace = '', , account = ''] = (asked.principal ?? '').split('/')
  const ip = asked.ip ?? '10.0.0.9'
  const host = (asked.host ?? 'cart.shop').toLowerCase()
  const bare = host.replace(/:\d+$/, '').replace(/\.$/, '')
  const path = (asked.path ?? '/').split('?')[0] as string
  const names = namespace === '' ? '' : `${namespace}/${account}`
  const fully = (one: string): string => (one.includes('/') ? one : `${policy.namespace ?? world.namespace}/${one}`)
  const principals = (list: readonly string[]): string[] =>
    list.flatMap((one) =>
      world.trustDomains.map((other) =>
        world.trustDomains.includes(one.split('/')[0] as string) ? one.replace(/^[^/]*/, other) : one,
      ),
    )
  const both = (values: readonly string[], notValues: readonly string[], holds: (list: readonly string[]) => boolean): boolean =>
    (values.length === 0 || holds(values)) && !(notValues.length > 0 && holds(notValues))
  const from = rule.from.some(
    (one) =>
      both(one.principals, one.notPrincipals, (list) => principals(list).some((p) => like(p, asked.principal ?? ''))) &&
      both(one.namespaces, one.notNamespaces, (list) => list.some((p) => like(p, namespace))) &&
      both(one.trustDomains, one.notTrustDomains, (list) => list.some((p) => like(p, domain))) &&
      both(one.serviceAccounts, one.notServiceAccounts, (list) => list.some((p) => fully(p) === names)) &&
      both(one.ipBlocks, one.notIpBlocks, (list) => list.some((p) => inBlock(p, ip))),
  )
  const to = rule.to.some(
    (one) =>
      both(one.ports.map(String), one.notPorts.map(String), (list) => list.includes(String(asked.port ?? 8080))) &&
      (one.methods.length + one.notMethods.length === 0 ||
        http(() => both(one.methods, one.notMethods, (list) => list.some((p) => like(p, asked.method ?? 'GET'))))) &&
      (one.paths.length + one.notPaths.length === 0 ||
        http(() => both(one.paths, one.notPaths, (list) => list.some((p) => likePath(p, path))))) &&
      (one.hosts.length === 0 ||
        http(() => one.hosts.some((p) => like(p.toLowerCase(), host) || (denies && like(p.toLowerCase(), bare))))) &&
      (one.notHosts.length === 0 ||
        http(() => !one.notHosts.some((p) => like(p.toLowerCase(), host) || like(p.toLowerCase(), bare)))),
  )
  const when = rule.when.every(({ key, values, notValues }) => {
    if (key === 'destination.port') return both(values, notValues, (list) => list.includes(String(asked.port ?? 8080)))
    const name = (/\[(.*)\]/.exec(key)?.[1] ?? '').toLowerCase()
    const given = (asked.headers ?? []).filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)
    const each = (holds: (value: string) => boolean): boolean =>
      denies ? given.some(holds) : given.length > 0 && given.every(holds)
    const positive = values.length === 0 || http(() => each((value) => values.some((p) => like(p, value))))
    const negative =
      notValues.length === 0 || http(() => given.length === 0 || each((value) => !notValues.some((p) => like(p, value))))
    return positive && negative
  })
  return (rule.from.length === 0 || from) && (rule.to.length === 0 || to) && when
}

function like(pattern: string, text: string): boolean {
  if (pattern === '*') return text !== ''
  if (pattern.startsWith('*')) return text.endsWith(pattern.slice(1))
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

function likePath(pattern: string, path: string): boolean {
  if (!pattern.includes('{')) return like(pattern, path)
  const source = pattern
    .split(/(\{\*\*?\})/)
    .map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : part.replace(/[.*+?^$|()[\]\\]/g, '\\$&')))
  return new RegExp(`^${source.join('')}$`).test(path)
}

function inBlock(block: string, ip: string): boolean {
  const [base = '', bits = '32'] = block.split('/')
  const number = (text: string): string =>
    text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return number(base).slice(0, Number(bits)) === number(ip).slice(0, Number(bits))
}

// The `from` of a rule: who calls. A source is one conjunction of tests.
import type { WorkloadConfig } from '../config/schema/config.ts'
import type { PolicySourceConfig } from '../config/schema/policies.ts'
import type { PolicyInput } from './input.ts'
import { asBlocks, asTexts } from './members.ts'
import { type Key, type Test, testsOf } from './test.ts'
import { withAliases } from './trust-domains.ts'

export interface CallerContext {
  /** Of the policy: what a service account without one belongs to. */
  readonly namespace: string
  /** Trust domains that mean the same. */
  readonly trustDomains: readonly string[]
  /** Pods by address, where plaintext peers are known by it; undefined: only verified identities have a namespace. */
  readonly workloads: ReadonlyMap<string, WorkloadConfig> | undefined
}

const PRINCIPALS: Key = { field: 'principals', dimension: 'principal', http: false, read: (input) => input.principal }
const TRUST_DOMAINS: Key = {
  field: 'trustDomains',
  dimension: 'trust domain',
  http: false,
  read: (input) => trustDomainOf(input.principal),
}
const REQUEST_PRINCIPALS: Key = {
  field: 'requestPrincipals',
  dimension: 'request principal',
  http: true,
  read: (input) => input.requestPrincipal,
}
const IP_BLOCKS: Key = { field: 'ipBlocks', dimension: 'source address', http: false, read: (input) => input.sourceIp }
const REMOTE_IP_BLOCKS: Key = {
  field: 'remoteIpBlocks',
  dimension: 'remote address',
  http: false,
  read: (input) => input.remoteIp,
}

export function sourceTests(source: PolicySourceConfig, context: CallerContext): Test[] {
  const asPrincipals = (values: readonly string[]) => asTexts(withAliases(values, context.trustDomains))
  const asAccounts = (values: readonly string[]) =>
    asTexts(values.map((value) => (value.includes('/') ? value : `${context.namespace}/${value}`)))
  return [
    ...testsOf(PRINCIPALS, source.principals, source.notPrincipals, asPrincipals),
    ...testsOf(namespaceKey('namespaces', context), source.namespaces, source.notNamespaces, asTexts),
    ...testsOf(accountKey('serviceAccounts', context), source.serviceAccounts, source.notServiceAccounts, asAccounts),
    ...testsOf(TRUST_DOMAINS, source.trustDomains, source.notTrustDomains, asTexts),
    ...testsOf(REQUEST_PRINCIPALS, source.requestPrincipals, source.notRequestPrincipals, asTexts),
    ...testsOf(IP_BLOCKS, source.ipBlocks, source.notIpBlocks, asBlocks),
    ...testsOf(REMOTE_IP_BLOCKS, source.remoteIpBlocks, source.notRemoteIpBlocks, asBlocks),
  ]
}

export function namespaceKey(field: string, { workloads }: Pick<CallerContext, 'workloads'>): Key {
  return {
    field,
    dimension: 'namespace',
    http: false,
    read: (input) => input.identity?.namespace ?? known(input, workloads)?.namespace ?? '',
  }
}

export function accountKey(field: string, { workloads }: Pick<CallerContext, 'workloads'>): Key {
  return {
    field,
    dimension: 'service account',
    http: false,
    read(input) {
      const caller = input.identity ?? known(input, workloads)
      return caller === undefined || caller.namespace === '' ? '' : `${caller.namespace}/${caller.serviceAccount}`
    },
  }
}

function known(input: PolicyInput, workloads: CallerContext['workloads']): WorkloadConfig | undefined {
  return workloads?.get(input.sourceIp)
}

function trustDomainOf(principal: string): string {
  return principal.slice(0, Math.max(0, principal.indexOf('/')))
}

// Istio's AuthorizationPolicy: policies of the family `istio`.
import { z } from 'zod'
import { isBlock } from '../../../core/address.ts'
import type { Located } from '../../draft.ts'
import type { Path, Problems } from '../../problem.ts'
import { type PolicyConfig, policySchema } from '../../schema/policies.ts'
import { type Kind, placeIn, policyMetadata, type Resource, type Resources } from '../resource.ts'
import { selectorsOf, targetRef, workloadSelector } from './selector.ts'

const text = z.string().min(1, { error: 'expected text that is not empty' })
const texts = z.array(text).nullish()
const block = z.string().refine(isBlock, {
  error: 'expected an address or a block such as "10.0.0.0/8"',
})
const blocks = z.array(block).nullish()
const port = z
  .string()
  .refine((value) => /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65535, { error: 'expected a port as text, "1" to "65535"' })
const ports = z.array(port).nullish()
const account = z
  .string()
  .regex(/^(?:[^/*]+\/)?[^/*]+$/, { error: 'expected a service account: "name" or "namespace/name", without "*"' })
  .max(320)
const accounts = z.array(account).max(16).nullish()

const source = z.strictObject({
  principals: texts,
  notPrincipals: texts,
  trustDomains: texts,
  notTrustDomains: texts,
  requestPrincipals: texts,
  notRequestPrincipals: texts,
  namespaces: texts,
  notNamespaces: texts,
  serviceAccounts: accounts,
  notServiceAccounts: accounts,
  ipBlocks: blocks,
  notIpBlocks: blocks,
  remoteIpBlocks: blocks,
  notRemoteIpBlocks: blocks,
})

const operation = z.strictObject({
  hosts: texts,
  notHosts: texts,
  ports,
  notPorts: ports,
  methods: texts,
  notMethods: texts,
  paths: texts,
  notPaths: texts,
})

const condition = z.strictObject({ key: text, values: texts, notValues: texts })

const rule = z.strictObject({
  from: z
    .array(z.strictObject({ source }))
    .min(1, { error: 'expected at least one source; left out it means everybody' })
    .nullish(),
  to: z
    .array(z.strictObject({ operation }))
    .min(1, { error: 'expected at least one operation; left out it means everything' })
    .nullish(),
  when: z.array(condition).nullish(),
})

const spec = z.strictObject({
  selector: workloadSelector,
  targetRef: targetRef.nullish(),
  targetRefs: z.array(targetRef).nullish(),
  action: z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']).nullish(),
  provider: z.strictObject({ name: text }).nullish(),
  rules: z.array(rule).nullish(),
})

export const AUTHORIZATION_POLICY = {
  name: 'AuthorizationPolicy',
  namespaced: true,
  schema: z.object({
    metadata: policyMetadata.extend({ annotations: z.record(z.string(), z.string()).nullish() }),
    spec: spec.nullish(),
  }),
} as const satisfies Kind

type AuthorizationPolicy = Resource<z.output<typeof AUTHORIZATION_POLICY.schema>>

const DRY_RUN = 'istio.io/dry-run'
/** What Go takes for a boolean. */
const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

export function compileAuthorizationPolicies(resources: Resources, problems: Problems): Located<PolicyConfig>[] {
  return resources.of(AUTHORIZATION_POLICY).flatMap((resource) => compilePolicy(resource, problems))
}

function compilePolicy(resource: AuthorizationPolicy, problems: Problems): Located<PolicyConfig>[] {
  checkPolicy(resource, problems)
  const { action, provider, rules } = resource.value.spec ?? {}
  const dryRun = TRUE.has(resource.value.metadata.annotations?.[DRY_RUN] ?? '')
  const config = {
    name: resource.name,
    namespace: resource.namespace,
    action: (action ?? 'ALLOW').toLowerCase(),
    family: 'istio',
    dryRun,
    ...(provider ? { provider: provider.name } : {}),
    rules: (rules ?? []).map(({ from, to, when }) => ({
      from: (from ?? []).map((one) => said(one.source)),
      to: (to ?? []).map((one) => operationOf(one.operation)),
      when: (when ?? []).map((one) => said(one)),
    })),
  }
  return selectorsOf(resource, problems).map((selector) => ({
    value: policySchema.parse({ ...config, selector }),
    label: `AuthorizationPolicy ${resource.namespace}/${resource.name}`,
    at: (path) => placeIn(resource, ['spec', ...inResource(path)]),
  }))
}

function operationOf({ ports: some, notPorts, ...rest }: z.output<typeof operation>): object {
  return { ...said(rest), ports: (some ?? []).map(Number), notPorts: (notPorts ?? []).map(Number) }
}

/** Without what is null, which means the same as left out. */
function said(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null && one !== undefined))
}

/** Sources and operations stand in wrappings of their own there. */
function inResource(path: Path): Path {
  return path.flatMap((key, i) => {
    const list = path[i - 1]
    if (typeof key !== 'number') return [key]
    return list === 'from' ? [key, 'source'] : list === 'to' ? [key, 'operation'] : [key]
  })
}

function checkPolicy(resource: AuthorizationPolicy, problems: Problems): void {
  const { action, provider, rules } = resource.value.spec ?? {}
  const error = (path: Path, message: string, hint?: string) => problems.error(placeIn(resource, path), message, hint)
  if (action === 'CUSTOM' && !provider) error(['spec', 'action'], 'CUSTOM needs provider.name: who is asked')
  if (action !== 'CUSTOM' && provider)
    error(['spec', 'provider'], `only CUSTOM has a provider, and the action is ${action ?? 'ALLOW'}`)
  if ((action === 'DENY' || action === 'CUSTOM') && !rules)
    error(['spec', 'action'], `${action} without rules would never match`, 'one empty rule, `rules: [{}]`, is for everything')
  checkDryRun(resource, problems)
  for (const [i, { from, to, when }] of (rules ?? []).entries()) {
    for (const [j, { source: one }] of (from ?? []).entries()) checkSource(one, ['spec', 'rules', i, 'from', j, 'source'], error)
    for (const [j, { operation: one }] of (to ?? []).entries()) {
      if (isEmpty(one))
        error(['spec', 'rules', i, 'to', j, 'operation'], 'the operation is empty', 'leave out `to` for everything')
    }
    for (const [j, one] of (when ?? []).entries()) {
      if ((one.values ?? []).length + (one.notValues ?? []).length === 0)
        error(['spec', 'rules', i, 'when', j], `${one.key} has neither values nor notValues`)
    }
  }
}

function checkSource(
  one: z.output<typeof source>,
  path: Path,
  error: (path: Path, message: string, hint?: string) => void,
): void {
  if (isEmpty(one)) error(path, 'the source is empty', 'leave out `from` for everybody')
  const accountsNamed = (one.serviceAccounts ?? []).length + (one.notServiceAccounts ?? []).length > 0
  const others = [one.principals, one.notPrincipals, one.namespaces, one.notNamespaces].some((list) => (list ?? []).length > 0)
  if (accountsNamed && others)
    error([...path, 'serviceAccounts'], 'service accounts go together with neither namespaces nor principals')
}

function checkDryRun(resource: AuthorizationPolicy, problems: Problems): void {
  const value = resource.value.metadata.annotations?.[DRY_RUN]
  if (value === undefined) return
  const place = placeIn(resource, ['metadata', 'annotations', DRY_RUN])
  const action = resource.value.spec?.action ?? 'ALLOW'
  if (!TRUE.has(value) && !FALSE.has(value)) problems.error(place, `${DRY_RUN}: expected true or false`)
  else if (action === 'AUDIT' || action === 'CUSTOM')
    problems.error(place, `${DRY_RUN} is for ALLOW and DENY, and the action is ${action}`)
}

function isEmpty(value: object): boolean {
  return Object.values(value).every((list) => list === null || list === undefined || (Array.isArray(list) && list.length === 0))
}

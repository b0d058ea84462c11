// Who may do what: rules in full, and short entries for people without a mesh.
import { z } from 'zod'
import { isBlock } from '../../core/address.ts'
import { label, labels, name, port } from '../types.ts'

const EXPECTED_BLOCK = 'expected an address or a block such as "10.0.0.0/8"'

const texts = () => z.array(z.string().min(1)).default([])
const blocks = () => z.array(z.string().refine(isBlock, { error: EXPECTED_BLOCK })).default([])

const source = z.strictObject({
  principals: texts().describe(
    'Verified identities: `cluster.local/ns/shop/sa/cart`. `*`: any; `*x` and `x*`: by end and beginning.',
  ),
  notPrincipals: texts().describe('None of these.'),
  trustDomains: texts().describe('Trust domains of verified identities.'),
  notTrustDomains: texts().describe('None of these.'),
  requestPrincipals: texts().describe('`issuer/subject` of a valid token.'),
  notRequestPrincipals: texts().describe('None of these.'),
  namespaces: texts().describe(
    'Namespaces of verified identities; in native policies also of Pods that are known by their address.',
  ),
  notNamespaces: texts().describe('None of these.'),
  serviceAccounts: texts().describe("`namespace/name`, or `name` in the policy's own namespace."),
  notServiceAccounts: texts().describe('None of these.'),
  ipBlocks: blocks().describe('Addresses and blocks of the other end of the connection.'),
  notIpBlocks: blocks().describe('None of these.'),
  remoteIpBlocks: blocks().describe('Addresses and blocks of the caller behind trusted hops.'),
  notRemoteIpBlocks: blocks().describe('None of these.'),
})

const operation = z.strictObject({
  hosts: texts().describe('Hosts as the caller wrote them, in any case; a port counts: `example.com`, `example.com:*`.'),
  notHosts: texts().describe('None of these.'),
  ports: z.array(port()).default([]).describe("Ports: the application's inbound, the destination's outbound."),
  notPorts: z.array(port()).default([]).describe('None of these.'),
  methods: texts().describe('Methods. For gRPC: POST.'),
  notMethods: texts().describe('None of these.'),
  paths: texts().describe(
    'Paths without the query: exact, `/a*`, `*.js`, or templates with `{*}` for a segment and `{**}` for any.',
  ),
  notPaths: texts().describe('None of these.'),
  pathRegexes: texts().describe('Paths by regular expressions for the whole of them.'),
  headerRegexes: z
    .record(z.string(), z.string())
    .default({})
    .describe('Header fields, each by a regular expression for the whole value; all must match.'),
  services: texts().describe('Outbound: known services that are meant, `name.namespace` or `name.namespace:port`.'),
  serverNames: texts().describe('Server names of TLS.'),
  ipBlocks: blocks().describe('Addresses and blocks of the destination.'),
})

const condition = z.strictObject({
  key: z.string().min(1).describe("One of Istio's condition keys, such as `request.headers[x-tenant]` or `connection.sni`."),
  values: texts().describe('Any of these.'),
  notValues: texts().describe('None of these.'),
})

const rule = z.strictObject({
  from: z.array(source).default([]).describe('Callers: any of these. Empty: everybody.'),
  to: z.array(operation).default([]).describe('What they do: any of these. Empty: everything.'),
  when: z.array(condition).default([]).describe('All of these must hold as well.'),
})

const direction = z.enum(['inbound', 'outbound']).default('inbound').describe('Traffic to the workload, or from it.')

export const policySchema = z.strictObject({
  name: z.string().min(1).describe('Name, for logs, metrics and `explain`.'),
  namespace: label()
    .optional()
    .describe('Only for workloads of this namespace; the root namespace stands for all. Left out: all.'),
  selector: labels().default({}).describe('Only for workloads with these labels.'),
  serviceAccount: name().optional().describe('Only for workloads that run as this service account.'),
  action: z
    .enum(['allow', 'deny', 'audit', 'custom'])
    .default('allow')
    .describe(
      '`deny` is stronger; once there is an `allow`, what none of them allows is denied. `audit` only counts; `custom` asks a provider.',
    ),
  provider: z.string().min(1).optional().describe('Whom a `custom` policy asks: one of `extensionProviders`.'),
  dryRun: z.boolean().default(false).describe('Count what it would decide, and leave it at that.'),
  direction,
  family: z
    .enum(['native', 'istio', 'smi'])
    .default('native')
    .describe('Policies of one family add up; what one family denies, no other can allow.'),
  rules: z.array(rule).default([]).describe('Any of these must match. None: an `allow` allows nothing.'),
})

const callers = z
  .union([z.literal('all'), z.array(z.string().min(1)).min(1)], {
    error: 'expected all, or a list of namespaces (shop), service accounts (shop/cart), identities and addresses (10.0.0.0/8)',
  })
  .describe(
    '`all`, or namespaces (`shop`), service accounts (`shop/cart`), identities (`cluster.local/ns/shop/sa/cart`), addresses and blocks.',
  )

const shortRest = {
  name: z.string().min(1).optional().describe('Name; left out: what the entry does and its number.'),
  direction,
  hosts: texts().describe('Only these hosts.'),
  ports: z.array(port()).default([]).describe('Only these ports.'),
  methods: texts().describe('Only these methods.'),
  paths: texts().describe('Only these paths.'),
}

const allow = z.strictObject({ allow: callers, ...shortRest })
const deny = z.strictObject({ deny: callers, ...shortRest })
const whitelist = z.strictObject({ whitelist: callers, ...shortRest })
const blacklist = z.strictObject({ blacklist: callers, ...shortRest })

/** A policy in full, or a short entry: `allow` = `whitelist`, `deny` = `blacklist`. */
export const policyEntry = z.union([policySchema, allow, deny, whitelist, blacklist])

export type PolicyConfig = z.output<typeof policySchema>
export type PolicyEntry = z.output<typeof policyEntry>
export type PolicyRuleConfig = z.output<typeof rule>
export type PolicySourceConfig = z.output<typeof source>
export type PolicyOperationConfig = z.output<typeof operation>
export type PolicyConditionConfig = z.output<typeof condition>

import t from 'tap'
import { type Asked, inputOf, policiesWith } from '../../support/policy-world.ts'

const WEB = 'cluster.local/ns/web/sa/front'
const DEV = 'cluster.local/ns/dev/sa/front'

function verdictOf(policies: readonly unknown[], asked: Asked, settings: Record<string, unknown> = {}) {
  const engine = policiesWith({ ...settings, policies })[asked.direction ?? 'inbound']
  return engine?.decide(inputOf(asked))
}

const allows = (policies: readonly unknown[], asked: Asked, settings = {}): boolean =>
  verdictOf(policies, asked, settings)?.allowed ?? true

t.test('nothing is asked where there is no policy, unless the default is to deny', async (t) => {
  t.equal(policiesWith({}).inbound, null)
  t.equal(policiesWith({}).outbound, null)
  t.equal(policiesWith({ defaultVerdict: 'deny' }).inbound?.decide(inputOf({})).allowed, false)
  t.equal(policiesWith({ defaultVerdict: 'deny' }).outbound, null)
})

t.test('short entries', async (t) => {
  const cases: { name: string; entries: unknown[]; asked: Asked; allowed: boolean }[] = [
    { name: 'deny: all denies everybody', entries: [{ deny: 'all' }], asked: { principal: WEB }, allowed: false },
    { name: 'a namespace is let in', entries: [{ allow: ['web'] }], asked: { principal: WEB }, allowed: true },
    { name: 'another namespace is not', entries: [{ allow: ['web'] }], asked: { principal: DEV }, allowed: false },
    { name: 'a plaintext peer has no namespace', entries: [{ whitelist: ['web'] }], asked: {}, allowed: false },
    { name: 'a service account', entries: [{ whitelist: ['web/front'] }], asked: { principal: WEB }, allowed: true },
    { name: 'another service account', entries: [{ whitelist: ['web/back'] }], asked: { principal: WEB }, allowed: false },
    { name: 'an address', entries: [{ whitelist: ['10.0.0.0/8'] }], asked: { ip: '10.1.2.3' }, allowed: true },
    { name: 'another address', entries: [{ whitelist: ['10.0.0.0/8', 'web'] }], asked: { ip: '11.1.2.3' }, allowed: false },
    { name: 'a blacklist leaves others alone', entries: [{ blacklist: ['dev'] }], asked: { principal: WEB }, allowed: true },
    { name: 'a blacklist denies', entries: [{ blacklist: ['dev'] }], asked: { principal: DEV }, allowed: false },
    {
      name: 'deny is stronger than allow',
      entries: [{ allow: 'all' }, { deny: ['dev'], paths: ['/admin*'] }],
      asked: { principal: DEV, path: '/admin/x?y' },
      allowed: false,
    },
    {
      name: 'methods and paths limit an entry',
      entries: [{ allow: ['web'], methods: ['GET'], paths: ['/items*'] }],
      asked: { principal: WEB, path: '/items/1', method: 'POST' },
      allowed: false,
    },
    { name: 'an identity', entries: [{ allow: [`spiffe://${WEB}`] }], asked: { principal: WEB }, allowed: true },
  ]
  for (const c of cases) t.test(c.name, async (t) => t.equal(allows(c.entries, c.asked), c.allowed))
})

t.test('a verdict names its rule', async (t) => {
  const policies = [{ name: 'p', rules: [{ from: [{ namespaces: ['a'] }] }, { from: [{ namespaces: ['web'] }] }] }]
  t.match(verdictOf(policies, { principal: WEB }), { allowed: true, rule: 'ns[shop]-policy[p]-rule[1]' })
  t.match(verdictOf(policies, { principal: DEV }), { allowed: false, rule: '' })
})

t.test('the nearest rule is the one of which most holds, with the field that does not', async (t) => {
  const policies = [
    { name: 'a', rules: [{ from: [{ namespaces: ['x'] }], to: [{ methods: ['POST'] }] }] },
    { name: 'b', rules: [{ from: [{ namespaces: ['web'] }], to: [{ methods: ['GET'], paths: ['/items'] }] }] },
  ]
  const engine = policiesWith({ policies }).inbound
  t.same(engine?.nearest(inputOf({ principal: WEB, path: '/other' })), { rule: 'ns[shop]-policy[b]-rule[0]', field: 'to.paths' })
})

t.test('families combine by AND', async (t) => {
  const policies = [
    { name: 'a', family: 'istio', rules: [{}] },
    { name: 'b', family: 'native', rules: [{ from: [{ namespaces: ['web'] }] }] },
  ]
  t.equal(allows(policies, { principal: WEB }), true)
  t.equal(allows(policies, { principal: DEV }), false)
})

t.test('policies are chosen by namespace, root namespace, labels and service account', async (t) => {
  const deny = (more: object) => [{ name: 'p', action: 'deny', rules: [{}], ...more }]
  t.equal(allows(deny({ namespace: 'shop' }), {}), false)
  t.equal(allows(deny({ namespace: 'other' }), {}), true)
  t.equal(allows(deny({ namespace: 'istio-system' }), {}), false)
  t.equal(allows(deny({ namespace: 'root' }), {}, { rootNamespace: 'root' }), false)
  t.equal(allows(deny({ selector: { app: 'cart' } }), {}), false)
  t.equal(allows(deny({ selector: { app: 'cart', version: 'v1' } }), {}), true)
  t.equal(allows(deny({ serviceAccount: 'default' }), {}), false)
  t.equal(allows(deny({ serviceAccount: 'cart' }), {}), true)
})

t.test('outbound policies are for outbound traffic alone', async (t) => {
  const policies = [{ deny: 'all', hosts: ['evil.example'], direction: 'outbound' }]
  t.equal(allows(policies, { direction: 'outbound', host: 'evil.example' }), false)
  t.equal(allows(policies, { direction: 'outbound', host: 'evil.example:443' }), false)
  t.equal(allows(policies, { direction: 'inbound', host: 'evil.example' }), true)
})

t.test('calls are judged by the service that they mean, its port, server names and addresses', async (t) => {
  const outbound = (to: object) => [{ name: 'p', action: 'deny', direction: 'outbound', rules: [{ to: [to] }] }]
  const asked: Asked = { direction: 'outbound', tcp: true, service: 'db.data:5432', port: 5432, sni: 'db.example' }
  for (const to of [
    { services: ['db.data'] },
    { services: ['*.data:5432'] },
    { ports: [5432] },
    { serverNames: ['*.example'] },
    { ipBlocks: ['10.0.1.0/24'] },
  ])
    t.equal(allows(outbound(to), asked), false, JSON.stringify(to))
  t.equal(allows(outbound({ services: ['db.other', 'db.data:1'] }), asked), true)
})

t.test('plaintext Pods are known to native policies by their address, never to those of Istio', async (t) => {
  const pod = {
    name: 'web-1',
    namespace: 'web',
    serviceAccount: 'front',
    labels: {},
    addresses: ['10.0.0.9'],
    ports: [],
    node: undefined,
    ready: true,
  }
  const rules = [{ from: [{ namespaces: ['web'] }] }]
  const ask = (family: string) =>
    policiesWith({ policies: [{ name: 'p', family, rules }] }, [pod]).inbound?.decide(inputOf({})).allowed
  t.equal(ask('native'), true)
  t.equal(ask('istio'), false)
})

t.test('bytes: a permission that asks for a request never holds, a denial holds by what else it asks', async (t) => {
  const to = [{ methods: ['GET'], ports: [8080] }]
  t.equal(allows([{ name: 'p', rules: [{ to }] }], { tcp: true }), false)
  t.equal(allows([{ name: 'p', action: 'deny', rules: [{ to }] }], { tcp: true }), false)
  t.equal(allows([{ name: 'p', action: 'deny', rules: [{ to }] }], { tcp: true, port: 9 }), true)
})

t.test('repeated fields: any denies, all are needed to allow', async (t) => {
  const when = [{ key: 'request.headers[X-Role]', values: ['admin'] }]
  const both = [
    ['x-role', 'user'],
    ['X-Role', 'admin'],
  ] as const
  t.equal(allows([{ name: 'p', action: 'deny', rules: [{ when }] }], { headers: both }), false)
  t.equal(allows([{ name: 'p', rules: [{ when }] }], { headers: both }), false)
  t.equal(allows([{ name: 'p', rules: [{ when }] }], { headers: [['x-role', 'admin']] }), true)
})

t.test('a principal of one name of a trust domain is one of each', async (t) => {
  const policies = [{ name: 'p', rules: [{ from: [{ principals: ['old.local/ns/web/sa/front'] }] }] }]
  t.equal(allows(policies, { principal: WEB }, { trustDomainAliases: ['old.local'] }), true)
  t.equal(allows(policies, { principal: WEB }), false)
})

t.test('paths and header fields may be told by regular expressions, for the whole of them', async (t) => {
  const allowed = (to: object, ...asked: Asked[]) => {
    const { inbound } = policiesWith({ policies: [{ name: 'p', rules: [{ to: [to] }] }] })
    return asked.map((one) => inbound?.decide(inputOf(one)).allowed)
  }
  t.same(allowed({ pathRegexes: ['/a', '/b/.*'] }, { path: '/a?x' }, { path: '/b/' }, { path: '/ab' }), [true, true, false])
  const header = (...values: string[]) => ({ headers: values.map((value) => ['X-Tenant', value] as const) })
  t.same(allowed({ headerRegexes: { 'x-tenant': '[0-9]+' } }, header('12'), header('12', 'a'), header(), { tcp: true }), [
    true,
    false,
    false,
    false,
  ])
  const policies = [{ name: 'p', action: 'deny', rules: [{ to: [{ headerRegexes: { 'x-tenant': '[0-9]+' } }] }] }]
  const { inbound } = policiesWith({ policies })
  t.equal(inbound?.decide(inputOf(header('a', '1'))).allowed, false, 'any of several is enough to deny')
})

import t from 'tap'
import { compilePolicies } from '../../../../../src/policy/families.ts'
import { loadText } from '../../../../support/config-text.ts'
import { type Asked, inputOf } from '../../../../support/policy-world.ts'

const document = (
  group: string,
  kind: string,
  name: string,
  { version, ...rest }: { version?: string; [key: string]: unknown },
) => ({
  apiVersion: `${group}.smi-spec.io/${version ?? (group === 'specs' ? 'v1alpha4' : 'v1alpha3')}`,
  kind,
  metadata: { name, namespace: 'shop' },
  ...rest,
})

const account = (name: string, namespace?: string) => ({ kind: 'ServiceAccount', name, ...(namespace ? { namespace } : {}) })

const target = (...rules: object[]) =>
  document('access', 'TrafficTarget', 'open', {
    spec: { destination: account('cart'), rules, sources: [account('web'), account('probe', 'ops')] },
  })

const tcp = (name: string, ...ports: number[]) => document('specs', 'TCPRoute', name, { spec: { matches: { ports } } })

const GROUP = document('specs', 'HTTPRouteGroup', 'requests', {
  spec: {
    matches: [
      { name: 'read', pathRegex: '/items(/.*)?', methods: ['GET', 'HEAD'] },
      { name: 'beta', headers: { 'x-beta': 'yes|true' } },
    ],
  },
})

const requests = (...matches: string[]) => ({
  kind: 'HTTPRouteGroup',
  name: 'requests',
  ...(matches.length > 0 ? { matches } : {}),
})

const load = (...documents: object[]) => {
  const workload = { name: 'cart-1', namespace: 'shop', serviceAccount: 'cart' }
  return loadText([{ workload }, ...documents].map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
}

const problems = (...documents: object[]) =>
  load(...documents).problems.flatMap(({ message, severity, hint }) =>
    message.startsWith('there is no listener') ? [] : [`${severity}: ${message}${hint === '' ? '' : ` (${hint})`}`],
  )

/** Of WEB's service account, unless the question says otherwise. */
const verdicts = (documents: readonly object[], ...asked: Asked[]) => {
  const { config, problems: found } = load(...documents)
  if (config === undefined) throw new Error(found.map(({ message }) => message).join('\n'))
  const { inbound } = compilePolicies(config)
  return asked.map((one) => inbound?.decide(inputOf({ principal: 'cluster.local/ns/shop/sa/web', ...one })).allowed)
}

t.test('sources are those named, in the own namespace where they name none', async (t) => {
  const documents = [target({ kind: 'TCPRoute', name: 'any' }), tcp('any')]
  const by = (namespace: string, name: string) => ({ principal: `cluster.local/ns/${namespace}/sa/${name}` })
  const asked = [by('shop', 'web'), by('ops', 'probe'), by('shop', 'probe'), by('ops', 'web')]
  t.same(verdicts(documents, ...asked), [true, true, false, false])
})

t.test('TCPRoutes allow anything on their ports', async (t) => {
  const documents = [target({ kind: 'TCPRoute', name: 'a' }, { kind: 'TCPRoute', name: 'b' }), tcp('a', 80), tcp('b', 90)]
  t.same(verdicts(documents, { port: 80 }, { port: 90, tcp: true }, { port: 91 }), [true, true, false])
  const all = [target({ kind: 'TCPRoute', name: 'a' }, { kind: 'TCPRoute', name: 'b' }), tcp('a', 80), tcp('b')]
  t.same(verdicts(all, { port: 91, tcp: true }), [true])
})

t.test('route groups allow requests by whole path, method and header fields, and no bytes', async (t) => {
  const documents = [target(requests()), GROUP]
  const beta: Asked = { method: 'PUT', path: '/x', headers: [['X-Beta', 'yes']] }
  t.same(verdicts(documents, { path: '/items' }, { path: '/items/1?q' }, { path: '/itemsx' }, { path: '/x/items' }), [
    true,
    true,
    false,
    false,
  ])
  t.same(verdicts(documents, { path: '/items', method: 'PUT' }, beta, { ...beta, headers: [['x-beta', 'yes!']] }), [
    false,
    true,
    false,
  ])
  t.same(verdicts(documents, { tcp: true }, { ...beta, headers: [...(beta.headers ?? []), ['x-beta', 'no']] }), [false, false])
})

t.test('a rule may choose among the matches of a group', async (t) => {
  t.same(verdicts([target(requests('beta')), GROUP], { path: '/items' }, { headers: [['x-beta', 'true']] }), [false, true])
  t.same(problems(target(requests('betta')), GROUP), [
    'error: the HTTPRouteGroup shop/requests has no match called "betta" (did you mean "beta"?)',
  ])
})

t.test('a TCPRoute beside a group narrows its ports', async (t) => {
  const documents = [target({ kind: 'TCPRoute', name: 'a' }, requests('read')), GROUP, tcp('a', 80)]
  const asked = [{ port: 80 }, { port: 81 }, { port: 80, tcp: true }].map((one) => ({ path: '/items', ...one }))
  t.same(verdicts(documents, ...asked), [true, false, false])
})

t.test('what is not there is warned about and allows nothing', async (t) => {
  const missing = [target({ kind: 'TCPRoute', name: 'aa' }, requests('read')), GROUP, tcp('a', 80)]
  t.same(problems(...missing), ['warning: there is no TCPRoute shop/aa: this rule allows nothing (did you mean "a"?)'])
  t.same(verdicts(missing, { path: '/items' }), [false])
  const group = [target({ kind: 'HTTPRouteGroup', name: 'request' }), GROUP]
  t.same(problems(...group), [
    'warning: there is no HTTPRouteGroup shop/request: this rule allows nothing (did you mean "requests"?)',
  ])
  t.same(verdicts(group, { path: '/items' }), [false])
})

t.test('rules for UDP allow nothing', async (t) => {
  const udp = document('specs', 'UDPRoute', 'u', { spec: { matches: { ports: [53] } } })
  const documents = [target({ kind: 'UDPRoute', name: 'u' }), udp]
  t.same(verdicts(documents, { port: 53, tcp: true }), [false])
  t.same(problems(...documents), [
    'warning: UDP is not carried: this rule is ignored',
    'warning: UDPRoute of specs.smi-spec.io is ignored',
  ])
})

t.test('who is no destination is not isolated', async (t) => {
  const other = document('access', 'TrafficTarget', 'other', {
    spec: { destination: account('other'), rules: [{ kind: 'TCPRoute', name: 'a' }], sources: [account('web')] },
  })
  const { config } = load(other, tcp('a', 80))
  t.equal(config && compilePolicies(config).inbound, null)
})

t.test('early versions have everything at the top, and a port of the destination', async (t) => {
  const early = document('access', 'TrafficTarget', 'early', {
    version: 'v1alpha1',
    destination: { ...account('cart'), port: 80 },
    specs: [requests('read')],
    sources: [account('web')],
  })
  t.same(verdicts([early, GROUP], { path: '/items', port: 80 }, { path: '/items', port: 81 }), [true, false])
  const both = { ...early, specs: [requests('read'), { kind: 'TCPRoute', name: 'a' }] }
  t.same(verdicts([both, GROUP, tcp('a', 81)], { path: '/items', port: 80 }, { path: '/items', port: 81 }), [false, false])
  t.same(problems({ ...early, specs: undefined }, GROUP), ['error: specs: missing; expected specs, at the top in v1alpha1'])
})

t.test('the service accounts of another namespace are not to be opened', async (t) => {
  const spec = { destination: account('cart', 'other'), rules: [{ kind: 'TCPRoute', name: 'a' }], sources: [account('web')] }
  t.same(problems(document('access', 'TrafficTarget', 'open', { spec }), tcp('a')), [
    'error: a TrafficTarget opens service accounts of its own namespace, shop, and not of other',
  ])
})

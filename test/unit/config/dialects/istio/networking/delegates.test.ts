import t from 'tap'
import { asking, messagesOf } from '../../../../../support/explain.ts'

const service = (name: string, namespace: string) => ({ name, namespace, port: 80, endpoints: [{ address: '127.0.0.1:80' }] })

const SETTINGS = {
  workload: { name: 'caller', namespace: 'shop' },
  services: [service('web', 'shop'), service('a', 'shop'), service('a', 'team'), service('b', 'team')],
}

const virtual = (name: string, namespace: string, spec: object) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace },
  spec,
})

const to = (host: string) => ({ route: [{ destination: { host } }] })

const root = (...http: object[]) => virtual('root', 'shop', { hosts: ['web'], http })
const leaf = (http: object[], more: object = {}) => virtual('leaf', 'team', { http, ...more })
const LEAF = { delegate: { name: 'leaf', namespace: 'team' } }

const targets = (answer: ReturnType<ReturnType<typeof asking>>) =>
  answer.services.map(({ name, namespace }) => `${name}.${namespace}`).join()

t.test('routes of a delegate stand in the place of the route that names it', async (t) => {
  const ask = asking(
    SETTINGS,
    root({ name: 'outer', match: [{ uri: { prefix: '/team' } }], ...LEAF }, to('web')),
    leaf([
      { match: [{ uri: { prefix: '/team/b' } }], ...to('b') },
      { match: [{ method: { exact: 'PUT' } }], ...to('a') },
    ]),
  )
  t.equal(targets(ask({ host: 'web', path: '/team/b' })), 'b.team')
  t.equal(
    targets(ask({ host: 'web', path: '/team/x', method: 'PUT' })),
    'a.team',
    'names without a dot are those of the delegate',
  )
  t.equal(targets(ask({ host: 'web', path: '/x', method: 'PUT' })), 'web.shop', 'both must hold')
  t.equal(targets(ask({ host: 'web', path: '/team/x' })), 'web.shop', 'what none of them is for goes on')
  t.equal(ask({ host: 'web', path: '/team/b' }).route, 'VirtualService shop/root outer http[0]')
})

t.test('matches of either side alone are those of both', async (t) => {
  const inner = asking(SETTINGS, root(LEAF, to('web')), leaf([{ match: [{ uri: { exact: '/b' } }], ...to('b') }]))
  t.same([targets(inner({ host: 'web', path: '/b' })), targets(inner({ host: 'web', path: '/c' }))], ['b.team', 'web.shop'])
  const outer = asking(SETTINGS, root({ match: [{ uri: { exact: '/b' } }], ...LEAF }, to('web')), leaf([to('b')]))
  t.same([targets(outer({ host: 'web', path: '/b' })), targets(outer({ host: 'web', path: '/c' }))], ['b.team', 'web.shop'])
})

t.test('what a delegate does not say is said by the route', async (t) => {
  const headers = { request: { set: { x: 'outer' } } }
  const field = (more: object) =>
    asking(
      SETTINGS,
      root({ ...LEAF, headers }),
      leaf([{ ...to('b'), ...more }]),
    )({ host: 'web' }).forwarded?.headers.find(([name]) => name === 'x')?.[1]
  t.equal(field({}), 'outer')
  t.equal(field({ headers: { request: { set: { x: 'inner' } } } }), 'inner')
})

const contradictions: readonly (readonly [outer: object, inner: object])[] = [
  [{ uri: { prefix: '/a' } }, { uri: { prefix: '/b' } }],
  [{ uri: { exact: '/a' } }, { uri: { prefix: '/a' } }],
  [{ uri: { prefix: '/a' } }, { uri: { regex: '/a.*' } }],
  [{ headers: { x: { exact: '1' } } }, { headers: { x: { exact: '2' } } }],
  [{ port: 80 }, { port: 81 }],
  [{ sourceLabels: { v: '1' } }, { sourceLabels: { v: '2' } }],
  [{ uri: { prefix: '/a' }, ignoreUriCase: true }, { uri: { prefix: '/a' } }],
]

for (const [outer, inner] of contradictions) {
  t.test(`${JSON.stringify(inner)} is for nothing within ${JSON.stringify(outer)}`, async (t) => {
    const documents = [SETTINGS, root({ match: [outer], ...LEAF }, to('web')), leaf([{ match: [inner], ...to('b') }])]
    t.same(messagesOf(...documents), ['warning: it asks for what shop/root leaves to others: no request is for this route'])
  })
}

t.test('a delegate that is not there, or not exported, is warned about', async (t) => {
  t.same(messagesOf(SETTINGS, root(LEAF, to('web'))), [
    'warning: there is no VirtualService team/leaf without hosts that is exported to shop: no request is for this route',
  ])
  t.match(messagesOf(SETTINGS, root(LEAF, to('web')), leaf([to('b')], { exportTo: ['.'] })), [
    /exported to shop: no request is for this route/,
    /no VirtualService delegates to this one/,
  ])
  t.equal(targets(asking(SETTINGS, root(LEAF, to('web')))({ host: 'web' })), 'web.shop')
})

t.test('a delegate does not delegate any further', async (t) => {
  t.match(messagesOf(SETTINGS, root(LEAF), leaf([LEAF])), ['error: a delegate does not delegate any further'])
})

t.test('without hosts there are no routes of connections', async (t) => {
  t.match(messagesOf(SETTINGS, leaf([], { tcp: [to('b')] })), [/tls and tcp routes need hosts/])
})

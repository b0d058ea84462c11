// Documents with anything anywhere: whatever they say, they are read or refused in words, and never break the program.
import * as fc from 'fast-check'
import t from 'tap'
import { examineConfig } from '../../../../../src/exchange/examine.ts'
import { loadText } from '../../../../support/config-text.ts'
import { asText, type Document, gateway, grant, namespace, resource, secret, service } from '../../../../support/gateway-world.ts'
import { selfSigned } from '../../../../support/self-signed.ts'

const FROM_ALL = {
  namespaces: {
    from: 'All',
    selector: { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
  },
}
const PARENTS = [
  { name: 'public', namespace: 'edge', sectionName: 'http', port: 80 },
  { group: '', kind: 'Service', name: 'cart', port: 80 },
  { kind: 'ListenerSet', name: 'more' },
]
const header = { name: 'a', value: 'b' }
const backend = { name: 'cart', port: 80, weight: 1, namespace: 'shop' }
const FILTERS = [
  { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header], add: [header], remove: ['c'] } },
  {
    type: 'RequestMirror',
    requestMirror: { backendRef: { name: 'cart', port: 80 }, fraction: { numerator: 1, denominator: 3 } },
  },
  { type: 'CORS', cors: { allowOrigins: ['https://*.example'], allowMethods: ['GET'], maxAge: 5, allowCredentials: true } },
  { type: 'URLRewrite', urlRewrite: { hostname: 'x.example', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/x' } } },
]
const HTTP_RULE = {
  name: 'first',
  matches: [{ path: { type: 'PathPrefix', value: '/a' }, headers: [header], queryParams: [header], method: 'GET' }],
  filters: FILTERS,
  backendRefs: [{ ...backend, filters: [FILTERS[0]] }],
  timeouts: { request: '2s', backendRequest: '1s' },
  retry: { codes: [500], attempts: 2, backoff: '10ms' },
  sessionPersistence: { type: 'Cookie', cookie: { name: 'c', lifetimeType: 'Permanent' }, absoluteTimeout: '1h' },
}
const REDIRECT = {
  matches: [{ path: { value: '/r' } }],
  filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', hostname: 'y.example', port: 1, statusCode: 301 } }],
}
const GRPC_RULE = { matches: [{ method: { service: 'a.B', method: 'C' }, headers: [header] }], backendRefs: [backend] }

const WORLD: readonly Document[] = [
  gateway(
    'public',
    [
      {
        name: 'http',
        port: 80,
        protocol: 'HTTP',
        hostname: '*.example',
        allowedRoutes: { ...FROM_ALL, kinds: [{ kind: 'HTTPRoute' }] },
      },
      {
        name: 'https',
        port: 443,
        protocol: 'HTTPS',
        tls: { mode: 'Terminate', certificateRefs: [{ name: 'cert' }] },
        allowedRoutes: FROM_ALL,
      },
      { name: 'tls', port: 444, protocol: 'TLS', tls: { mode: 'Passthrough' }, allowedRoutes: FROM_ALL },
      { name: 'tcp', port: 9000, protocol: 'TCP', allowedRoutes: FROM_ALL },
    ],
    { allowedListeners: FROM_ALL, addresses: [{ type: 'IPAddress', value: '10.0.0.1' }], infrastructure: { labels: { a: 'b' } } },
  ),
  resource('ListenerSet', {
    name: 'more',
    spec: { parentRef: { name: 'public', namespace: 'edge' }, listeners: [{ name: 'x', port: 81, protocol: 'HTTP' }] },
  }),
  resource('HTTPRoute', {
    name: 'h',
    createdAt: '2026-01-01T00:00:00Z',
    spec: { parentRefs: PARENTS, hostnames: ['a.example'], rules: [HTTP_RULE, REDIRECT] },
  }),
  resource('GRPCRoute', { name: 'g', spec: { parentRefs: PARENTS, rules: [GRPC_RULE] } }),
  resource('TLSRoute', {
    name: 't',
    spec: { parentRefs: PARENTS, hostnames: ['a.example'], rules: [{ backendRefs: [backend] }] },
  }),
  resource('TCPRoute', { name: 'c', spec: { parentRefs: PARENTS, rules: [{ backendRefs: [backend] }] } }),
  grant({ kind: 'HTTPRoute', namespace: 'shop' }, { namespace: 'shop', name: 'cart' }),
  namespace('shop', { a: 'b' }),
  service('cart'),
  secret('cert', selfSigned('a.example')),
]

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  65_536,
  2_147_483_647,
  '',
  'a',
  'A_b',
  '*',
  '!x',
  '/',
  '//',
  '/..',
  '(',
  '\u0000',
  'é',
  '1000h',
  '99999h99999h',
  '9'.repeat(400),
  [],
  {},
  [null],
  [[]],
  { constructor: 1 },
]

/** Every place in a value, as keys from the top. */
function placesOf(value: unknown, above: readonly string[] = []): string[][] {
  const own = above.length === 0 ? [] : [[...above]]
  if (typeof value !== 'object' || value === null) return own
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...above, key]))]
}

function replaced(value: unknown, [key = '', ...below]: readonly string[], by: unknown): unknown {
  if (typeof value !== 'object' || value === null) return by
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
  copy[key] = below.length === 0 ? by : replaced(copy[key], below, by)
  return copy
}

const PLACES = placesOf(WORLD)

t.test('the documents are good as they are', async (t) => {
  const { config, problems } = loadText(asText(WORLD), { examine: examineConfig })
  t.ok(config, problems.map(({ message }) => message).join('\n'))
})

t.test('anything anywhere is read, or refused in words', async () => {
  const change = fc.tuple(fc.constantFrom(...PLACES), fc.constantFrom(...STRANGE))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const world = changes.reduce<unknown>((value, [place, by]) => replaced(value, place, by), WORLD) as Document[]
      const { config, problems } = loadText(asText(world), { examine: examineConfig })
      if (config === undefined && !problems.some(({ severity }) => severity === 'error'))
        throw new Error('refused without a word')
    }),
    { numRuns: 250 },
  )
})

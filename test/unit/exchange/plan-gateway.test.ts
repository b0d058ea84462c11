// What gateways do with requests, through explain, which asks the data path's own snapshot.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { explain } from '../../../src/commands/explain.ts'
import { Folder } from '../../support/folder.ts'
import { memoryIo } from '../../support/io.ts'

const endpoint = (port: number) => [{ address: `127.0.0.1:${port}` }]
const to = (service: string) => [{ service }]

const SETTINGS = {
  workload: { name: 'edge-1', namespace: 'edge', labels: { app: 'edge' } },
  trustedHops: 0,
  services: ['a', 'b', 'c'].map((name, i) => ({ name, namespace: 'shop', port: 80, endpoints: endpoint(9001 + i) })),
  gateways: [
    {
      name: 'public',
      namespace: 'edge',
      listeners: [
        { name: 'any', port: 80, protocol: 'http' },
        { name: 'example', port: 80, protocol: 'http', host: '*.example' },
        { name: 'shop', port: 80, protocol: 'http', host: 'shop.example' },
        { name: 'tls', port: 443, protocol: 'https', tls: { certificates: [] } },
        { name: 'tls-shop', port: 443, protocol: 'https', host: 'shop.example', tls: { certificates: [] } },
      ],
    },
  ],
  routes: [
    { name: 'of-any', gateways: ['edge/public/any'], services: to('a.shop') },
    { name: 'of-example', gateways: ['edge/public/example'], matches: [{ path: { prefix: '/e' } }], services: to('b.shop') },
    { name: 'of-shop', gateways: ['edge/public/shop', 'edge/public/tls-shop'], hosts: ['shop.example'], services: to('c.shop') },
    { name: 'of-tls', gateways: ['edge/public/tls'], services: to('a.shop') },
    { name: 'of-mesh', hosts: ['a.shop'], services: to('b.shop') },
  ],
}

async function ask(t: Test, questions: readonly object[], more: object = {}): Promise<Record<string, unknown>[]> {
  const folder = new Folder(t)
  writeFileSync(join(folder.path, 'settings.json'), JSON.stringify({ ...SETTINGS, ...more }))
  const base = { at: 'gateway', gateway: 'edge/public', source: { address: '198.51.100.7' } }
  const memory = memoryIo(JSON.stringify(questions.map((question) => ({ ...base, ...question }))))
  await explain([folder.path], '-', memory.io)
  const { stdout } = await memory.written()
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

const plain = (host: string, path = '/') => ({ destination: { port: 80 }, host, path })
const secure = (sni: string, host = sni) => ({ destination: { port: 443, sni }, scheme: 'https', host })

t.test('the most specific listener gets a request, and only its routes are asked', async (t) => {
  const answers = await ask(t, [
    plain('other'),
    plain('x.example', '/e'),
    plain('x.example'),
    plain('shop.example', '/e'),
    plain('SHOP.example:80'),
    plain('a.shop'),
  ])
  t.same(
    answers.map(({ route, status }) => [route, status]),
    [
      ['of-any', null],
      ['of-example', null],
      // not left to the listener for any host
      [null, 404],
      ['of-shop', null],
      ['of-shop', null],
      // no route of the mesh is for a gateway
      ['of-any', null],
    ],
  )
})

t.test('on a connection for one listener nothing of another is served', async (t) => {
  const answers = await ask(t, [
    secure('shop.example'),
    secure('other.example'),
    secure('shop.example', 'other.example'),
    secure('', 'shop.example'),
  ])
  t.same(
    answers.map(({ route, status }) => [route, status]),
    [
      ['of-shop', null],
      ['of-tls', null],
      [null, 421],
      [null, 421],
    ],
  )
})

t.test('what callers say of themselves is replaced at the edge', async (t) => {
  const headers = [
    ['X-Forwarded-For', '10.0.0.1'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Client-Cert', 'By=somebody'],
    ['X-Envoy-Attempt-Count', '2'],
    ['X-Envoy-Original-Path', '/forged'],
  ]
  const [answer = {}] = await ask(t, [{ ...plain('other'), headers }])
  const { headers: forwarded } = answer['forwarded'] as { headers: [string, string][] }
  const sent = new Map(forwarded.map(([name, value]) => [name.toLowerCase(), value]))
  t.equal(sent.get('x-forwarded-for'), '10.0.0.1, 198.51.100.7')
  t.equal(sent.get('x-forwarded-proto'), 'http')
  for (const name of ['x-forwarded-client-cert', 'x-envoy-attempt-count', 'x-envoy-original-path']) t.notOk(sent.has(name), name)
})

t.test('a trusted proxy in front may say what proxies say', async (t) => {
  const headers = [
    ['X-Forwarded-For', '192.0.2.9'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Envoy-Attempt-Count', '2'],
    ['X-Forwarded-Client-Cert', 'By=somebody'],
  ]
  const [answer = {}] = await ask(t, [{ ...plain('other'), headers }], { trustedHops: 1 })
  const { headers: forwarded } = answer['forwarded'] as { headers: [string, string][] }
  const sent = new Map(forwarded.map(([name, value]) => [name.toLowerCase(), value]))
  t.equal(sent.get('x-forwarded-proto'), 'https')
  t.equal(sent.get('x-envoy-attempt-count'), '2')
  t.notOk(sent.has('x-forwarded-client-cert'))
})

t.test('policies of the gateway judge who comes in', async (t) => {
  const answers = await ask(t, [plain('other'), { ...plain('other'), source: { address: '10.0.0.9' } }], {
    policies: [{ deny: ['10.0.0.9'] }],
  })
  t.same(
    answers.map(({ verdict }) => verdict),
    ['allow', 'deny'],
  )
})

t.test('a question at a gateway names one that there is, and a port that it has', async (t) => {
  const answers = await ask(t, [{ gateway: 'edge/pubic' }, { gateway: null }, { destination: { port: 81 } }, {}])
  t.same(
    answers.map(({ error }) => error),
    [
      'gateway: there is no gateway "edge/pubic" (did you mean "edge/public"?)',
      'gateway: missing; expected a gateway such as "edge/public"',
      'destination.port: the gateway edge/public does not listen on 81; it has 80, 443',
      'destination.port: missing; expected one of 80, 443',
    ],
  )
})

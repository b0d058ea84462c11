import t from 'tap'
import { parse } from 'yaml'
import { check } from '../../../src/commands/check.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { Folder } from '../../support/folder.ts'

const GOOD = `listeners:
  inbound: [{ listen: "127.0.0.1:80", app: "127.0.0.1:8080", tls: { certificate: /tls/cert.pem, key: /tls/key.pem } }]
services: [{ name: a, port: 80, endpoints: [{ address: "127.0.0.1:1" }], connectTimeout: 1500ms }]
routes:
  - { name: r, matches: [{ path: { regex: "/a+" } }], services: [{ service: a }], requestHeaders: { set: { authorization: Bearer x } } }
`

t.test('nothing to say of what is good', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', GOOD)
  t.same(await check([folder.path]), { code: 0, lines: [] })
})

t.test('one line a problem; warnings alone are no failure', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', `${GOOD}---\napiVersion: example.com/v1\nkind: Thing\n`)
  const warning = `${folder.join('a.yaml')}:7:13: warning: Thing of example.com is ignored`
  t.same(await check([folder.path]), { code: 0, lines: [warning] })
  folder.write('b.yaml', 'routes: [{ name: s, hosts: [x], matches: [{ path: { regex: "(" } }], services: [{ service: a }] }]\n')
  const { code, lines } = await check([folder.path])
  t.equal(code, 1)
  t.match(lines, [warning, /b\.yaml:1:60: routes\[1\]\.matches\[0\]\.path\.regex: .*regular expression/])
  t.same(await check([folder.join('none')]), {
    code: 1,
    lines: [`${folder.join('none')}:1:1: cannot read: no such file or directory`],
  })
})

t.test('prints everything in the native form, without secrets, so that it can be read again', async (t) => {
  const folder = new Folder(t)
  folder.write('a.yaml', GOOD)
  folder.write(
    'b.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: { name: k, namespace: shop }\nspec: { clusterIP: 10.96.0.1, ports: [{ name: grpc, port: 90 }] }\n',
  )
  folder.write('c.yaml', 'apiVersion: example.com/v1\nkind: Thing\n')
  const { code, lines } = await check([folder.path], { print: true })
  t.equal(code, 0)
  t.match(lines[0], /^# .*c\.yaml:1:13: warning: Thing of example\.com is ignored$/)
  const printed = parse(lines.join('\n'))
  t.match(printed, {
    listeners: { inbound: [{ protocol: 'auto', tls: { key: '/tls/key.pem' } }] },
    services: [
      { name: 'a', connectTimeout: '1500ms', idleTimeout: '1m' },
      { name: 'k', namespace: 'shop', protocol: 'grpc', addresses: ['10.96.0.1'] },
    ],
    routes: [{ requestHeaders: { set: { authorization: '[redacted]' } } }],
  })
  folder.write('again.yaml', lines.join('\n'))
  const again = await loadConfig([folder.join('again.yaml')])
  const first = await loadConfig([folder.join('a.yaml'), folder.join('b.yaml')])
  t.same(again.config?.services, first.config?.services)
  t.same(again.config?.settings.http, first.config?.settings.http)
})

t.test('prints Istio and SMI in a native form that loads to the same routes and policies', async (t) => {
  const folder = new Folder(t)
  const istio = (kind: string, spec: object) => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name: 'a', namespace: 'shop' },
    spec,
  })
  const documents = [
    istio('ServiceEntry', { hosts: ['a.example'], ports: [{ number: 80, name: 'http' }], resolution: 'DNS' }),
    istio('DestinationRule', {
      host: 'a.example',
      subsets: [{ name: 'v1', labels: { v: '1' } }],
      trafficPolicy: { outlierDetection: {} },
    }),
    istio('VirtualService', {
      hosts: ['a.example'],
      http: [
        {
          match: [{ uri: { prefix: '/a' } }],
          rewrite: { uri: '/b' },
          route: [{ destination: { host: 'a.example', subset: 'v1' } }],
        },
        { redirect: { uri: '/c' } },
      ],
    }),
    {
      ...istio('TrafficTarget', {
        destination: { kind: 'ServiceAccount', name: 'default' },
        rules: [{ kind: 'TCPRoute', name: 'a' }],
        sources: [{ kind: 'ServiceAccount', name: 'b' }],
      }),
      apiVersion: 'access.smi-spec.io/v1alpha3',
    },
    { ...istio('TCPRoute', { matches: { ports: [80] } }), apiVersion: 'specs.smi-spec.io/v1alpha4' },
    { ...istio('NetworkPolicy', { podSelector: {} }), apiVersion: 'networking.k8s.io/v1' },
  ]
  folder.write('a.yaml', GOOD)
  folder.write('b.yaml', documents.map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  const { lines } = await check([folder.path], { print: true })
  t.same(lines.slice(0, 1), ['# NetworkPolicy shop/a has no native form: keep its document beside this one'])
  folder.write('again.yaml', lines.join('\n'))
  const { config, problems } = await loadConfig([folder.join('again.yaml')])
  t.same(problems, [])
  const first = await loadConfig([folder.join('a.yaml'), folder.join('b.yaml')])
  t.equal(config?.routes.length, 3)
  t.same(config?.services, first.config?.services)
  t.same(config?.policies, first.config?.policies)
  t.same(config?.routes.slice(1), first.config?.routes.slice(1))
})

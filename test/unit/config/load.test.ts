import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { configFromText, loadText, problemLines } from '../../support/config-text.ts'

/** Mistakes of single values and keys: what the schema knows. */
const mistakes: readonly { text: string; lines: readonly string[] }[] = [
  { text: 'listners: {}', lines: ['c.yaml:1:1: unknown key "listners" (did you mean "listeners"?)'] },
  {
    text: 'policies: [{ allow: all, deny: all }]',
    lines: ['c.yaml:1:12: policies[0]: expected exactly one of allow, deny, whitelist, blacklist, got "allow" and "deny"'],
  },
  { text: 'drain: { foo: 1 }', lines: ['c.yaml:1:10: unknown key "foo" in drain (known: grace, limit)'] },
  { text: 'kind: Service', lines: ['c.yaml:1:1: unknown key "kind" (a Kubernetes resource has apiVersion as well)'] },
  {
    text: 'services:\n  - name: Cart\n    port: eighty',
    lines: [
      'c.yaml:2:11: services[0].name: expected a name of lower-case letters, digits and "-", at most 63, got "Cart"',
      'c.yaml:3:11: services[0].port: expected a port, 1 to 65535, got "eighty"',
    ],
  },
  {
    text: 'services: [{ port: 80 }]',
    lines: ['c.yaml:1:12: services[0].name: missing; expected a name of lower-case letters, digits and "-", at most 63'],
  },
  { text: 'services: [{ nam: a, port: 80 }]', lines: ['c.yaml:1:14: unknown key "nam" in services[0] (did you mean "name"?)'] },
  {
    text: 'services: [{ name: a, port: 70000 }]',
    lines: ['c.yaml:1:29: services[0].port: expected a port, 1 to 65535, got 70000'],
  },
  { text: 'services: { name: a }', lines: ['c.yaml:1:11: services: expected a list, got a mapping'] },
  { text: 'services: [cart]', lines: ['c.yaml:1:12: services[0]: expected a mapping, got "cart"'] },
  { text: 'workload:', lines: ['c.yaml:1:10: workload: expected a mapping, got nothing'] },
  {
    text: 'workload: { labels: { version: 1.0 } }',
    lines: ['c.yaml:1:32: workload.labels.version: expected text; quote numbers and booleans, got 1'],
  },
  {
    text: 'logLevel: verbose',
    lines: ['c.yaml:1:11: logLevel: expected one of trace, debug, info, warn, error, silent, got "verbose"'],
  },
  {
    text: 'logLevel: wran',
    lines: ['c.yaml:1:11: logLevel: expected one of trace, debug, info, warn, error, silent, got "wran" (did you mean "warn"?)'],
  },
  { text: 'trustedHops: 1.5', lines: ['c.yaml:1:14: trustedHops: expected a whole number, got 1.5'] },
  { text: 'trustedHops: -1', lines: ['c.yaml:1:14: trustedHops: expected at least 0, got -1'] },
  { text: 'accessLog: { sample: 2 }', lines: ['c.yaml:1:22: accessLog.sample: expected at most 1, got 2'] },
  { text: 'accessLog: { sample: .nan }', lines: ['c.yaml:1:22: accessLog.sample: expected a number, got NaN'] },
  {
    text: 'drain: { grace: 5 }',
    lines: ['c.yaml:1:17: drain.grace: expected a duration such as "15s", "250ms" or "1m30s", at most "24d", got 5'],
  },
  {
    text: 'services: [{ name: a, port: 1, connectTimeout: 0 }]',
    lines: [
      'c.yaml:1:48: services[0].connectTimeout: expected a duration such as "15s", "250ms" or "1m30s", at most "24d", and more than 0, got 0',
    ],
  },
  {
    text: 'http: { maxHeadBytes: 60KB }',
    lines: ['c.yaml:1:23: http.maxHeadBytes: expected a size such as 65536 or "64KiB", got "60KB"'],
  },
  { text: 'http: { upgrades: websocket }', lines: ['c.yaml:1:19: http.upgrades: expected a list, got "websocket"'] },
  {
    text: 'listeners: { inbound: [{ listen: 256.0.0.1:80, app: ":x" }] }',
    lines: [
      'c.yaml:1:34: listeners.inbound[0].listen: expected an address such as "0.0.0.0:15006", got "256.0.0.1:80"',
      'c.yaml:1:53: listeners.inbound[0].app: expected an address such as "127.0.0.1:8080", got ":x"',
    ],
  },
  {
    text: 'services: [{ name: a, port: 1, addresses: [x] }]',
    lines: ['c.yaml:1:44: services[0].addresses[0]: expected an IP address, got "x"'],
  },
  {
    text: 'routes: [{ name: a, matches: [{ path: { prefx: / } }] }]',
    lines: ['c.yaml:1:41: unknown key "prefx" in routes[0].matches[0].path (did you mean "prefix"?)'],
  },
  {
    text: 'routes: [{ name: a, matches: [{ path: { exact: /, prefix: / } }] }]',
    lines: [
      'c.yaml:1:39: routes[0].matches[0].path: expected exactly one of exact, prefix, regex, template, got "exact" and "prefix"',
    ],
  },
  {
    text: 'routes: [{ name: a, matches: [{ path: /a }] }]',
    lines: ['c.yaml:1:39: routes[0].matches[0].path: expected exactly one of exact, prefix, regex, template, got "/a"'],
  },
  {
    text: 'routes: [{ name: a, matches: [{ headers: { x: { exact: 5 }, y: { present: yes } } }] }]',
    lines: [
      'c.yaml:1:56: routes[0].matches[0].headers.x.exact: expected text, got 5',
      'c.yaml:1:75: routes[0].matches[0].headers.y.present: expected true or false, got "yes"',
    ],
  },
  { text: 'routes: [{ name: "" }]', lines: ['c.yaml:1:18: routes[0].name: expected text that is not empty, got ""'] },
  {
    text: 'admin: { listen: 5, token: hunter2 }',
    lines: [
      'c.yaml:1:18: admin.listen: expected an address such as "127.0.0.1:15000", got 5',
      'c.yaml:1:21: unknown key "token" in admin (known: listen)',
    ],
  },
  {
    text: 'listeners: { inbound: [{ listen: ":1", app: ":2", tls: { certificate: a, key: 12345 } }] }',
    lines: ['c.yaml:1:79: listeners.inbound[0].tls.key: expected text, got a hidden value'],
  },
]

for (const { text, lines } of mistakes) {
  t.test(`says what is wrong with ${text.replaceAll('\n', ' ')}`, async (t) => {
    const { config, problems } = loadText(text)
    t.same(problems.map(formatProblem), lines)
    t.equal(config, undefined)
  })
}

t.test('everything has a default', async (t) => {
  const { settings, services, routes, workloads, namespaces } = configFromText('workload: {}')
  t.equal(settings.workload.name, 'unknown')
  t.equal(settings.http.maxHeadBytes, 61_440)
  t.equal(settings.drain.limit, 30_000)
  t.equal(settings.telemetry, undefined)
  t.same([services, routes, workloads, namespaces], [[], [], [], []])
})

t.test('a Config is plain values that another thread can be given', async (t) => {
  const config = configFromText('services: [{ name: a, port: 80, endpoints: [{ address: "127.0.0.1:1" }] }]')
  t.same(structuredClone(config), config)
})

t.test('settings without a listener are pointed out', async (t) => {
  t.same(problemLines('\nlogLevel: warn'), [
    'c.yaml:2:1: warning: there is no listener: no traffic will be carried (add listeners.inbound, listeners.outbound or listeners.gateway)',
  ])
  t.same(problemLines('apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }'), [], 'resources alone are for explain')
})

t.test('what compiling finds is reported at its place', async (t) => {
  const text =
    'services: [{ name: a, port: 80, dns: { name: a } }]\nroutes:\n  - { name: r, services: [{ service: a }], hosts: ["a b"] }\n'
  const examine = () => [
    { list: 'routes', index: 0, path: ['hosts', 0], message: 'that is no host' } as const,
    { list: 'services', index: 0, path: [], message: 'odd' } as const,
  ]
  const { config, problems } = loadText(text, { examine })
  t.equal(config, undefined)
  t.same(problems.filter(({ severity }) => severity === 'error').map(formatProblem), [
    'c.yaml:1:12: services[0]: odd',
    'c.yaml:3:52: routes[0].hosts[0]: that is no host',
  ])
})

t.test('reads files and directories', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'outrigger-load-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'more'))
  await writeFile(join(directory, 'a.yaml'), 'listeners: { outbound: [{ listen: "127.0.0.1:1" }] }\n')
  await writeFile(join(directory, 'more', 'b.json'), '{"services": [{"name": "b", "port": 80, "dns": {"name": "b"}}]}')
  const { config, problems } = await loadConfig([join(directory, 'a.yaml'), join(directory, 'more')])
  t.same(problems, [])
  t.equal(config?.services[0]?.name, 'b')
  const bad = await loadConfig([join(directory, 'none')])
  t.same(bad.problems.map(formatProblem), [`${join(directory, 'none')}:1:1: cannot read: no such file or directory`])
  t.equal(bad.config, undefined)
})

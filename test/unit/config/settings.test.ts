import t from 'tap'
import { configFromText, loadText, problemLines } from '../../support/config-text.ts'

t.test('several documents are one: lists are joined, the rest may be said once', async (t) => {
  const { settings, services, routes } = configFromText({
    'a.yaml':
      'workload: { name: a, labels: { app: a } }\nservices: [{ name: a, port: 80, dns: { name: a } }]\n---\nlogLevel: warn\n',
    'b.yaml': 'workload: { namespace: shop, labels: { version: v1 } }\nservices: [{ name: b, port: 80, dns: { name: b } }]\n',
    'c.yaml': 'routes: [{ name: r, services: [{ service: b.default }] }]\nlisteners: { outbound: [{ listen: ":1" }] }\n',
    'd.yaml':
      'routes: [{ name: s, hosts: [s], services: [{ service: a.default }] }]\nlisteners: { outbound: [{ listen: ":2" }] }\n',
  })
  t.match(settings.workload, { name: 'a', namespace: 'shop', labels: { app: 'a', version: 'v1' } })
  t.equal(settings.logLevel, 'warn')
  t.same(
    services.map(({ name }) => name),
    ['a', 'b'],
  )
  t.same(
    routes.map(({ name }) => name),
    ['r', 's'],
  )
  t.same(
    settings.listeners.outbound.map(({ listen }) => listen),
    [':1', ':2'],
  )
})

t.test('documents that contradict each other', async (t) => {
  t.same(problemLines({ 'a.yaml': 'drain:\n  grace: 1s\n', 'b.yaml': 'drain:\n  limit: 9s\n  grace: 1s\n' }), [
    'b.yaml:3:3: drain.grace is set twice, first at a.yaml:2:10',
  ])
  t.same(problemLines('trustDomainAliases: [a]\n---\ntrustDomainAliases: [b]\n'), [
    'c.yaml:3:1: trustDomainAliases is set twice, first at c.yaml:1:21',
  ])
})

t.test('problems between documents are told where they were written', async (t) => {
  const lines = problemLines({
    'a.yaml': 'services: [{ name: a, port: 80, dns: { name: a } }]\nlisteners: { inbound: [{ listen: ":1", app: ":9" }] }\n',
    'b.yaml':
      '# more\nservices:\n  - { name: b, port: 80, dns: { name: b } }\n  - { name: a, port: 80, dns: { name: a } }\nadmin: { listen: ":1" }\n',
  })
  t.same(lines, [
    'b.yaml:4:13: services[2]: the service a.default:80 is there twice, first as services[0] at a.yaml:1:20',
    'b.yaml:5:18: admin.listen: :1 is already listened on by listeners.inbound[0].listen at a.yaml:2:34',
  ])
})

t.test('what differs from Pod to Pod comes from the environment', async (t) => {
  const text = 'workload: { name: "${POD_NAME}", namespace: "${NAMESPACE:-shop}" }\naccessLog: { file: "a${POD_NAME}" }\n'
  const { settings } = configFromText(text, { environment: { POD_NAME: 'cart-1' } })
  t.match(settings, { workload: { name: 'cart-1', namespace: 'shop' }, accessLog: { file: 'a${POD_NAME}' } })
  t.same(problemLines(text), [
    'c.yaml:1:19: workload.name: the environment variable POD_NAME is not set (${POD_NAME:-…} names a fallback)',
  ])
  t.same(problemLines(text, { environment: { POD_NAME: 'Cart' } }), [
    'c.yaml:1:19: workload.name: expected a name of lower-case letters, digits, "-" and ".", at most 253, got "Cart"',
  ])
})

t.test('says which keys are set, besides lists that documents may add to', async (t) => {
  t.same(loadText('logLevel: warn\nservices: []\nroutes: []\nlisteners: { inbound: [] }\n').settingsKeys, [
    'logLevel',
    'listeners',
  ])
})

import t from 'tap'
import { formatReference, References } from '../../../src/config/reference.ts'

const service = (name: string, namespace: string, port: number, hosts: readonly string[] = []) => ({
  name,
  namespace,
  port,
  hosts,
})
const references = new References(
  [
    service('catalog', 'shop', 80),
    service('catalog', 'shop', 8080),
    service('db', 'data', 5432, ['DB.example.com']),
    service('two', 'data', 1),
    service('two', 'data', 2),
  ],
  'shop',
)

t.test('a service answers to every name that callers use', async (t) => {
  const found = [
    'catalog',
    'catalog.shop',
    'Catalog.Shop:8080',
    'catalog.shop.svc',
    'catalog.shop.svc.cluster.local:80',
    'db.data',
    'db.data:5432',
    'db.example.com',
    'two.data:2',
  ]
  for (const text of found) t.same(references.resolve(text), { kind: 'found' }, text)
})

t.test('says why a reference means nothing', async (t) => {
  t.same(references.resolve('db'), { kind: 'unknown' }, 'the bare name is for its own namespace')
  t.same(references.resolve('catalog.data'), { kind: 'unknown' })
  t.same(references.resolve('db.data:1'), { kind: 'no-such-port', ports: [5432] })
  t.same(references.resolve('two.data'), { kind: 'several-ports', ports: [1, 2] })
  for (const text of ['', ':80', 'a:b', '[x']) t.same(references.resolve(text), { kind: 'malformed' }, text)
})

t.test('all names of a service are one host', async (t) => {
  t.equal(references.canonicalHost('CATALOG'), 'catalog.shop')
  t.equal(references.canonicalHost('catalog.shop.svc:80'), 'catalog.shop:80')
  t.equal(references.canonicalHost('*.Example.com'), '*.example.com')
  t.same(references.names, ['catalog.shop', 'db.data', 'two.data'])
  t.equal(formatReference(service('a', 'b', 1)), 'a.b:1')
})

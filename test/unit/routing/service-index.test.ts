import t from 'tap'
import { ServiceIndex, type ServiceKey, serviceNames } from '../../../src/routing/service-index.ts'

function service(name: string, namespace: string, port: number, hosts: readonly string[] = []): readonly [ServiceKey, string] {
  return [{ name, namespace, port, hosts }, `${name}.${namespace}:${port}`]
}

t.test('names a service as Kubernetes DNS does', async (t) => {
  t.same(serviceNames('catalog', 'shop', 80, 'web'), [
    'catalog.shop',
    'catalog.shop:80',
    'catalog.shop.svc',
    'catalog.shop.svc:80',
    'catalog.shop.svc.cluster.local',
    'catalog.shop.svc.cluster.local:80',
  ])
  t.same(serviceNames('catalog', 'shop', 80, 'shop').slice(0, 2), ['catalog', 'catalog:80'])
})

t.test('answers to every name of a service', async (t) => {
  const index = new ServiceIndex([service('catalog', 'shop', 80), service('catalog', 'web', 80)], 'web')
  for (const name of serviceNames('catalog', 'shop', 80, 'web')) t.equal(index.get(name), 'catalog.shop:80', name)
  t.equal(index.get('CATALOG.Shop.SVC.cluster.local.'), 'catalog.shop:80')
  t.equal(index.get('catalog'), 'catalog.web:80')
  t.equal(index.get('catalog.shop:81'), undefined)
  t.equal(index.get('catalog.shop.svc.cluster'), undefined)
})

t.test('takes no port for the usual one, else for the only one, and never guesses', async (t) => {
  const index = new ServiceIndex(
    [
      service('a', 'n', 8080),
      service('a', 'n', 80),
      service('a', 'n', 443),
      service('b', 'n', 9001),
      service('c', 'n', 81),
      service('c', 'n', 82),
    ],
    'n',
  )
  t.equal(index.get('a'), 'a.n:80')
  t.equal(index.get('a', 'https'), 'a.n:443')
  t.equal(index.get('a:8080'), 'a.n:8080')
  t.equal(index.get('b'), 'b.n:9001')
  t.equal(index.get('b:80'), undefined)
  t.equal(index.get('c'), undefined)
  t.equal(index.get('c:82'), 'c.n:82')
})

t.test('knows further hosts, which take nobody’s own name', async (t) => {
  const index = new ServiceIndex(
    [service('api', 'n', 443, ['api.example.com', '*.api.example.com', 'x.example.com:8443', 'b.n']), service('b', 'n', 443)],
    'n',
  )
  t.equal(index.get('api.example.com'), 'api.n:443')
  t.equal(index.get('eu.api.example.com:443'), 'api.n:443')
  t.equal(index.get('x.example.com:8443'), 'api.n:443')
  t.equal(index.get('x.example.com:443'), undefined)
  t.equal(index.get('b.n:443'), 'b.n:443')
})

t.test('gives all names that mean the same', async (t) => {
  const index = new ServiceIndex([service('a', 'n', 80, ['a.example.com'])], 'n')
  const names = ['a.n', 'a.n.svc', 'a.n.svc.cluster.local']
  t.same(index.aliases('a'), ['a', ...names])
  t.same(index.aliases('A.n.svc'), ['a', ...names])
  t.same(index.aliases('a.n:80'), ['a:80', 'a.n:80', 'a.n.svc:80', 'a.n.svc.cluster.local:80'])
  t.same(index.aliases('a.example.com'), ['a.example.com'])
  t.same(index.aliases('*.n'), ['*.n'])
  t.same(index.aliases('unknown'), ['unknown'])
})

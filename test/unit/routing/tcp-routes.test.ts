import t from 'tap'
import { tcpRouteSchema } from '../../../src/config/schema/tcp-routes.ts'
import type { Scope } from '../../../src/routing/scope.ts'
import { ServiceIndex } from '../../../src/routing/service-index.ts'
import { type Addressed, compileTcpRoutes } from '../../../src/routing/tcp-routes.ts'

const PORTS = [
  ['db', 5432],
  ['db', 5433],
  ['cache', 6379],
] as const
const SERVICES = new ServiceIndex(
  PORTS.map(([name, port]) => [{ name, namespace: 'shop', port, hosts: [] }, `${name}:${port}`] as const),
  'shop',
)
const NOWHERE: Addressed<string> = { serverName: '', service: undefined, ip: '', port: 0 }

function compile(inputs: readonly object[], scope?: Scope): ReturnType<typeof compileTcpRoutes<string>> {
  return compileTcpRoutes(
    inputs.map((input, i) => tcpRouteSchema.parse({ name: `r${i}`, services: [{ service: 'cache' }], ...input })),
    {
      resolve: (ref) => SERVICES.get(ref),
      every: (ref) => SERVICES.every(ref),
      hasSubset: () => false,
      random: () => 0,
      ...(scope === undefined ? {} : { scope }),
    },
  )
}

t.test('a connection gets the route of its server name, then of its destination', async (t) => {
  const { table, problems } = compile([
    {},
    { destinations: ['10.0.0.0/8', '2001:db8::/32'] },
    { destinations: ['db'] },
    { destinations: ['db.shop:5433'], ports: [5433], priority: 1 },
    { hosts: ['*.example'] },
    { hosts: ['a.example'], ports: [443] },
    { destinations: ['10.1.0.0/16'], ports: [9] },
  ])
  t.same(problems, [])
  const asks: readonly (readonly [Partial<Addressed<string>>, string])[] = [
    [{}, 'r0'],
    [{ ip: '10.1.2.3', port: 1 }, 'r1'],
    [{ ip: '10.1.2.3', port: 9 }, 'r1'],
    [{ ip: '2001:db8::1' }, 'r1'],
    [{ ip: '11.1.2.3' }, 'r0'],
    [{ service: 'db:5432', ip: '10.1.2.3', port: 5432 }, 'r2'],
    [{ service: 'db:5433', port: 5433 }, 'r3'],
    [{ service: 'cache:6379', port: 6379 }, 'r0'],
    [{ serverName: 'A.example', port: 443 }, 'r5'],
    [{ serverName: 'a.example', port: 444 }, 'r4'],
    [{ serverName: 'example', port: 444 }, 'r0'],
  ]
  for (const [ask, id] of asks) t.equal(table?.match({ ...NOWHERE, ...ask })?.id, id, JSON.stringify(ask))
})

t.test('shares are by weight, and what does not exist keeps its own', async (t) => {
  const { table } = compile([{ services: [{ service: 'db:5432', weight: 3 }, { service: 'gone' }] }])
  const route = table?.match(NOWHERE)
  t.match(route?.services.choices, [{ service: 'db:5432' }, { service: undefined }])
  t.same(route?.services.shares, [0.75, 0.25])
  t.equal(route?.idleMs, -1)
})

t.test('there is no table without routes, nor for the callers of others', async (t) => {
  t.equal(compile([]).table, null)
  const mesh = { kind: 'mesh', namespace: 'shop', labels: {} } as const
  t.equal(compile([{ sources: [{ namespace: 'other' }] }, { gateways: ['a/b'] }], mesh).table, null)
  t.ok(compile([{ gateways: ['a/b'] }], { kind: 'gateway', name: 'a/b/c' }).table)
})

t.test('mistakes are reported', async (t) => {
  t.match(compile([{ hosts: ['a/b'] }]).problems, [{ route: 0, path: ['hosts', 0], message: /not a server name/ }])
  t.match(compile([{ services: [{ service: 'db:5432', subset: 'x' }] }]).problems, [{ path: ['services', 0, 'subset'] }])
})

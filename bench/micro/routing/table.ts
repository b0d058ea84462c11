// What finding a route costs with 1, 1,000 and 10,000 of them, and what its parts cost. node bench/micro/routing/table.ts; prints ns of CPU
// per request, mean of the runs. Every request is read from bytes anew: strings that were never hashed before, as in service.
import { HeadReader } from '../../../src/codec/http1/head.ts'
import type { RequestHead } from '../../../src/codec/message.ts'
import { type RouteConfig, routeSchema } from '../../../src/config/schema/routes.ts'
import { compileRegex } from '../../../src/core/regex.ts'
import { compileRoutes } from '../../../src/routing/compile.ts'
import { compileEdits } from '../../../src/routing/edits.ts'
import { normalizePath } from '../../../src/routing/normalize.ts'
import { RateLimiters } from '../../../src/routing/rate-limit.ts'
import { Split } from '../../../src/routing/split.ts'
import type { RouteTable } from '../../../src/routing/table.ts'

const RUNS = 20
const REQUESTS = 20_000
const SIZES = [1, 1000, 10_000]

interface Asked {
  readonly host?: string
  readonly path?: string
  readonly fields?: string
}

interface Scene {
  readonly name: string
  route(i: number): object
  request(i: number): Asked
}

const SCENES: readonly Scene[] = [
  { name: 'a host each', route: (i) => ({ hosts: [`svc-${i}.shop`] }), request: (i) => ({ host: `svc-${i}.shop` }) },
  {
    name: 'an exact path each',
    route: (i) => ({ matches: [{ path: { exact: `/api/items/${i}` } }] }),
    request: (i) => ({ path: `/api/items/${i}?page=2` }),
  },
  {
    name: 'a prefix each',
    route: (i) => ({ matches: [{ path: { prefix: `/svc-${i}/api` } }] }),
    request: (i) => ({ path: `/svc-${i}/api/items/1?page=2` }),
  },
  {
    name: 'a prefix and a priority each',
    route: (i) => ({ matches: [{ path: { prefix: `/svc-${i}/api` } }], priority: -i }),
    request: (i) => ({ path: `/svc-${i}/api/items/1?page=2` }),
  },
  {
    name: 'a regular expression each',
    route: (i) => ({ matches: [{ path: { regex: `/svc-${i}/v[12]/.*` } }] }),
    request: (i) => ({ path: `/svc-${i}/v2/items/1?page=2` }),
  },
  {
    name: 'a header value each',
    route: (i) => ({ matches: [{ headers: { 'x-tenant': { exact: `t${i}` } } }] }),
    request: (i) => ({ fields: `x-tenant: t${i}\r\n` }),
  },
  {
    name: 'a query value each',
    route: (i) => ({ matches: [{ query: { tenant: { exact: `t${i}` } } }] }),
    request: (i) => ({ path: `/items?page=2&tenant=t${i}` }),
  },
]

const reader = new HeadReader({ maxFields: 100, upgrades: new Set() })

console.log(`${'ns per match, routes:'.padEnd(30)}${SIZES.map((size) => String(size).padStart(8)).join('')}   last / first`)
for (const scene of SCENES) {
  const times = SIZES.map((size) => matching(scene, size))
  const ratio = (times.at(-1) as number) / (times[0] as number)
  console.log(
    `${scene.name.padEnd(30)}${times.map((time) => time.toFixed(0).padStart(8)).join('')}${ratio.toFixed(2).padStart(14)}`,
  )
}
parts()

function matching(scene: Scene, size: number): number {
  const table = tableOf(Array.from({ length: size }, (_, i) => scene.route(i)))
  return mean(
    (i) => scene.request(i % size),
    (head) => table.host(head.authority, head.scheme).match(head) !== undefined,
  )
}

function tableOf(inputs: readonly object[]): RouteTable<string> {
  const routes = inputs.map(
    (input, i): RouteConfig => routeSchema.parse({ name: `r${i}`, services: [{ service: 'a' }], ...input }),
  )
  const started = performance.now()
  const { table } = compileRoutes(routes, {
    resolve: (ref) => ref,
    limiters: new RateLimiters(),
    hasSubset: () => true,
    aliases: (host) => [host],
    pathNormalization: 'AUTO',
    random: () => 0,
  })
  const took = performance.now() - started
  if (took > 50) console.log(`(${inputs.length} routes compiled in ${took.toFixed(0)} ms)`)
  return table
}

function item(i: number): Asked {
  return { path: `/api/items/${i}?page=2` }
}

function parts(): void {
  const edits = compileEdits({ set: { 'x-a': '1' }, add: { 'x-b': '2' }, remove: ['x-c'] }, 'request', () => {})
  const split = new Split([{ weight: 90 }, { weight: 10 }], () => 0)
  const regexes = ['/api/.*', '/api/[^/]+/[0-9]+', '/api/v[12]/(items|carts)(/.*)?', '.*/(items|carts)/.*[0-9]'].map((one) =>
    compileRegex(one),
  )
  const scenes: readonly (readonly [string, (i: number) => Asked, (head: RequestHead) => boolean])[] = [
    ['normalize a plain path', item, (head) => normalizePath(head.path, 'AUTO', true) !== undefined],
    [
      'normalize dot segments',
      (i) => ({ path: `/api/./items/../${i}` }),
      (head) => normalizePath(head.path, 'AUTO', true) !== undefined,
    ],
    ['draw one of two services', item, () => split.next() !== undefined],
    ['edit three fields', item, (head) => (edits?.applyToRequest(head), true)],
    ...regexes.map((regex) => [`regex ${regex.pattern}`, item, (head: RequestHead) => (regex.test(pathOf(head)), true)] as const),
  ]
  console.log()
  for (const [name, request, work] of scenes) console.log(`${name.padEnd(38)}${mean(request, work).toFixed(0).padStart(8)}`)
}

/** Without its query. */
function pathOf({ path }: RequestHead): string {
  return path.slice(0, path.indexOf('?'))
}

function mean(request: (i: number) => Asked, work: (head: RequestHead) => boolean): number {
  let micros = 0
  // the first run only warms up
  for (let run = 0; run <= RUNS; run++) {
    const heads = Array.from({ length: REQUESTS }, (_, i) => headOf(request(i)))
    const before = process.threadCpuUsage()
    let good = 0
    for (const head of heads) if (work(head)) good++
    const { user, system } = process.threadCpuUsage(before)
    if (good !== REQUESTS) throw new Error(`${REQUESTS - good} requests found nothing`)
    if (run > 0) micros += user + system
  }
  return (micros * 1000) / RUNS / REQUESTS
}

function headOf({ host = 'shop', path = '/', fields = '' }: Asked): RequestHead {
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n${fields}`
  return reader.request(Buffer.from(text, 'latin1').toString('latin1')) as RequestHead
}

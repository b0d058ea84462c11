// What a verdict costs with 1, 100 and 10,000 policies for one workload. node bench/micro/policy/decide.ts [largest]; prints ns of CPU per
// verdict, mean of the runs. Every request is read from bytes anew: strings that were never hashed before, as in service.
import { HeadReader } from '../../../src/codec/http1/head.ts'
import type { RequestHead } from '../../../src/codec/message.ts'
import { plainService } from '../../../src/config/plain-service.ts'
import { policySchema } from '../../../src/config/schema/policies.ts'
import { settingsSchema } from '../../../src/config/schema/settings.ts'
import { compilePolicies } from '../../../src/policy/families.ts'
import { identityOf } from '../../../src/policy/identity.ts'
import { PolicyInput } from '../../../src/policy/input.ts'

const RUNS = 10
const REQUESTS = 10_000
const LARGEST = Number(process.argv[2] ?? 10_000)
const SIZES = [1, 100, 10_000].filter((size) => size <= LARGEST)

interface Asked {
  readonly path?: string
  readonly host?: string
  readonly fields?: string
  readonly principal?: string
  readonly ip?: string
  readonly port?: number
}

interface Scene {
  readonly name: string
  readonly action?: 'allow' | 'deny'
  rule(i: number): object
  /** A request that the i-th rule is for. */
  request(i: number): Asked
}

const SCENES: readonly Scene[] = [
  {
    name: 'an exact path each',
    rule: (i) => ({ to: [{ paths: [`/api/items/${i}`] }] }),
    request: (i) => ({ path: `/api/items/${i}?page=2` }),
  },
  {
    name: 'a prefix each',
    rule: (i) => ({ to: [{ paths: [`/svc-${i}/*`] }] }),
    request: (i) => ({ path: `/svc-${i}/api/1?page=2` }),
  },
  {
    name: 'a template each',
    rule: (i) => ({ to: [{ paths: [`/svc-${i}/{*}/items/{**}`] }] }),
    request: (i) => ({ path: `/svc-${i}/v1/items/1` }),
  },
  {
    name: 'a namespace each',
    rule: (i) => ({ from: [{ namespaces: [`ns-${i}`] }] }),
    request: (i) => ({ principal: `cluster.local/ns/ns-${i}/sa/a` }),
  },
  {
    name: 'a principal each',
    rule: (i) => ({ from: [{ principals: [`cluster.local/ns/a/sa/sa-${i}`] }] }),
    request: (i) => ({ principal: `cluster.local/ns/a/sa/sa-${i}` }),
  },
  {
    name: 'an address block each',
    rule: (i) => ({ from: [{ ipBlocks: [`10.${i >> 8}.${i & 255}.0/24`] }] }),
    request: (i) => ({ ip: `10.${i >> 8}.${i & 255}.7` }),
  },
  { name: 'a port each', rule: (i) => ({ to: [{ ports: [i + 1] }] }), request: (i) => ({ port: i + 1 }) },
  { name: 'a host each', rule: (i) => ({ to: [{ hosts: [`svc-${i}.shop`] }] }), request: (i) => ({ host: `svc-${i}.shop` }) },
  {
    name: 'a header value each',
    rule: (i) => ({ when: [{ key: 'request.headers[x-tenant]', values: [`t${i}`] }] }),
    request: (i) => ({ fields: `x-tenant: t${i}\r\n` }),
  },
  {
    name: 'namespace, method and path each',
    rule: (i) => ({ from: [{ namespaces: ['web'] }], to: [{ methods: ['GET'], paths: [`/api/${i}/*`] }] }),
    request: (i) => ({ principal: 'cluster.local/ns/web/sa/a', path: `/api/${i}/x` }),
  },
  {
    name: 'denials that do not match',
    action: 'deny',
    rule: (i) => ({ from: [{ namespaces: [`bad-${i}`] }], to: [{ paths: [`/x/${i}`] }] }),
    request: (i) => ({ path: `/api/${i}` }),
  },
]

const reader = new HeadReader({ maxFields: 100, upgrades: new Set() })

console.log(`${'ns per verdict, policies:'.padEnd(36)}${SIZES.map((size) => String(size).padStart(9)).join('')}   last / first`)
for (const scene of SCENES) {
  const times = SIZES.map((size) => deciding(scene, size))
  const ratio = (times.at(-1) as number) / (times[0] as number)
  console.log(
    `${scene.name.padEnd(36)}${times.map((time) => time.toFixed(0).padStart(9)).join('')}${ratio.toFixed(2).padStart(14)}`,
  )
}

function deciding(scene: Scene, size: number): number {
  const { action = 'allow' } = scene
  const policies = Array.from({ length: size }, (_, i) => policySchema.parse({ name: `p${i}`, action, rules: [scene.rule(i)] }))
  const settings = settingsSchema.parse({})
  const engine = compilePolicies({
    settings,
    services: [],
    plain: plainService(),
    routes: [],
    tcpRoutes: [],
    gateways: [],
    tokens: [],
    policies,
    workloads: [],
    namespaces: [],
    networkPolicies: [],
    peerAuthentications: [],
  }).inbound
  if (engine === null) throw new Error('there is nothing to ask')
  let micros = 0
  // the first run only warms up
  for (let run = 0; run <= RUNS; run++) {
    const inputs = Array.from({ length: REQUESTS }, (_, i) => scene.request(i % size)).map(
      (asked) => [asked, headOf(asked)] as const,
    )
    const before = process.threadCpuUsage()
    let good = 0
    for (const [asked, head] of inputs) if (engine.decide(inputOf(asked, head)).allowed) good++
    const { user, system } = process.threadCpuUsage(before)
    if (good !== REQUESTS) throw new Error(`${REQUESTS - good} requests were denied`)
    if (run > 0) micros += user + system
  }
  return (micros * 1000) / RUNS / REQUESTS
}

function inputOf({ principal, ip = '10.0.0.9', port = 8080 }: Asked, head: RequestHead): PolicyInput {
  return new PolicyInput({
    direction: 'inbound',
    identity: principal === undefined ? undefined : identityOf(principal),
    sourceIp: ip,
    remoteIp: ip,
    destinationIp: '10.0.1.2',
    destinationPort: port,
    serverName: '',
    head,
    claims: undefined,
  })
}

function headOf({ host = 'shop', path = '/', fields = '' }: Asked): RequestHead {
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n${fields}`
  return reader.request(Buffer.from(text, 'latin1').toString('latin1')) as RequestHead
}

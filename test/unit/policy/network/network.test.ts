import fc from 'fast-check'
import t from 'tap'
import { identityOf } from '../../../../src/policy/identity.ts'
import { compileIsolation } from '../../../../src/policy/network/network.ts'
import { loadText } from '../../../support/config-text.ts'

const document = (kind: string, metadata: object, more: object = {}, apiVersion = 'v1') => ({
  apiVersion,
  kind,
  metadata,
  ...more,
})

const pod = (namespace: string, name: string, ip: string, { status = {}, ...more }: Record<string, unknown> = {}) =>
  document(
    'Pod',
    { name, namespace, labels: { pod: name } },
    {
      spec: {
        serviceAccountName: name,
        containers: [
          {
            ports: [
              { name: 'web', containerPort: 80 },
              { name: 'udp', containerPort: 80, protocol: 'UDP' },
            ],
          },
        ],
      },
      status: { podIP: ip, ...(status as object) },
      ...more,
    },
  )

const policy = (name: string, spec: object, namespace = 'x') =>
  document('NetworkPolicy', { name, namespace }, { spec }, 'networking.k8s.io/v1')

const WORLD = [
  document('Namespace', { name: 'x', labels: { ns: 'x' } }),
  document('Namespace', { name: 'y', labels: { ns: 'y' } }),
  pod('x', 'a', '10.0.0.1', { status: { hostIP: '192.168.0.7' } }),
  pod('x', 'b', '10.0.0.2'),
  pod('y', 'a', '10.0.1.1'),
  // nobody tells of its namespace
  pod('z', 'a', '10.0.2.1'),
]

/** What x/a may do, by default. */
const guard = (policies: readonly object[], name = 'a', namespace = 'x') => {
  const workload = { name, namespace, labels: { pod: name } }
  const documents = [{ workload }, ...WORLD, ...policies]
  const { config, problems } = loadText(documents.map((one) => `---\n${JSON.stringify(one)}\n`).join(''))
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return { ingress: compileIsolation(config, 'ingress'), egress: compileIsolation(config, 'egress') }
}

const ingress = (policies: readonly object[]) => {
  const isolation = guard(policies).ingress
  return (ip: string, port = 80, principal = '') =>
    isolation?.judge(ip, port, principal === '' ? undefined : identityOf(principal)).allowed
}

t.test('who is selected by no policy is not isolated', async (t) => {
  t.same(guard([]), { ingress: null, egress: null })
  t.same(guard([policy('b', { podSelector: { matchLabels: { pod: 'b' } } })]), { ingress: null, egress: null })
  t.same(guard([policy('y', { podSelector: {} }, 'y')]), { ingress: null, egress: null })
})

t.test('the directions are isolated apart', async (t) => {
  const { ingress, egress } = guard([policy('p', { podSelector: {}, policyTypes: ['Egress'] })])
  t.equal(ingress, null)
  t.equal(egress?.judge('10.0.0.2', 80).allowed, false)
})

t.test('a denial names the policies and no rule, an allowance its rule', async (t) => {
  const { ingress } = guard([
    policy('deny', { podSelector: {} }),
    policy('web', {
      podSelector: {},
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 81 }] }, { from: [{ podSelector: {} }] }],
    }),
  ])
  t.equal(ingress?.judge('10.0.0.2', 81).rule, 'ns[x]-policy[web]-rule[0]')
  t.equal(ingress?.judge('10.0.0.2', 80).rule, 'ns[x]-policy[web]-rule[1]')
  t.match(ingress?.judge('10.0.1.1', 80), {
    allowed: false,
    rule: '',
    why: 'ns[x]-policy[deny] and 1 more isolate the workload, and no rule allows this peer and port',
  })
})

t.test('the rule that comes closest is one for the peer, else the first', async (t) => {
  const from = (pod: string, port: number) => ({ from: [{ podSelector: { matchLabels: { pod } } }], ports: [{ port }] })
  const { ingress } = guard([policy('p', { podSelector: {}, ingress: [from('c', 80), from('b', 81)] })])
  t.same(ingress?.nearest('10.0.0.2'), { rule: 'ns[x]-policy[p]-rule[1]', field: 'ports' })
  t.same(ingress?.nearest('10.0.1.1'), { rule: 'ns[x]-policy[p]-rule[0]', field: 'from' })
  t.equal(guard([policy('p', { podSelector: {} })]).ingress?.nearest('10.0.1.1'), undefined)
})

t.test('an unknown address is only in blocks', async (t) => {
  const all = ingress([policy('p', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] })])
  t.equal(all('10.0.1.1'), true)
  t.equal(all('10.9.9.9'), false)
  const block = ingress([policy('p', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.9.0.0/16' } }] }] })])
  t.equal(block('10.9.9.9'), true)
  t.equal(block('::ffff:10.9.9.9'), true, 'however it is written')
  t.equal(block('10.0.1.1'), false)
})

t.test('who proves to be somebody else than the address says is only in blocks', async (t) => {
  const own = ingress([policy('p', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] })])
  t.equal(own('10.0.0.2', 80, 'cluster.local/ns/x/sa/b'), true)
  t.equal(own('10.0.0.2', 80, 'cluster.local/ns/y/sa/b'), false)
  t.equal(own('10.0.0.2', 80, 'cluster.local/ns/x/sa/other'), false)
  t.equal(own('10.0.0.2', 80, 'cluster.local/robot'), false)
})

t.test('labels of a namespace that nobody tells of are not taken for missing', async (t) => {
  const without = { matchExpressions: [{ key: 'ns', operator: 'DoesNotExist' }] }
  const allowed = ingress([policy('p', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: without }] }] })])
  t.equal(allowed('10.0.2.1'), false)
  const named = { matchLabels: { 'kubernetes.io/metadata.name': 'z' } }
  t.equal(ingress([policy('p', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: named }] }] })])('10.0.2.1'), true)
})

t.test("the workload's own machine is never cut off", async (t) => {
  const denied = ingress([policy('p', { podSelector: {} })])
  for (const ip of ['127.0.0.1', '::1', '192.168.0.7', '']) t.equal(denied(ip), true, ip)
  t.equal(denied('192.168.0.8'), false)
  t.equal(denied('10.0.0.1'), false, 'its own address on the network follows the policies')
})

t.test('a named port is looked up at whoever is connected to', async (t) => {
  const rules = { podSelector: {}, ingress: [{ ports: [{ port: 'web' }] }], egress: [{ ports: [{ port: 'web' }] }] }
  const { ingress, egress } = guard([policy('p', rules)])
  t.equal(ingress?.judge('10.9.9.9', 80).allowed, true)
  t.equal(ingress?.judge('10.9.9.9', 81).allowed, false)
  t.equal(egress?.judge('10.0.1.1', 80).allowed, true)
  t.equal(egress?.judge('10.9.9.9', 80).allowed, false, 'nobody knows the names of its ports')
  const udp = guard([policy('p', { podSelector: {}, ingress: [{ ports: [{ port: 'udp' }] }] })])
  t.equal(udp.ingress?.judge('10.0.0.2', 80).allowed, false, 'a name counts for its transport')
})

t.test('rulings are kept, and not for ever', async (t) => {
  const { ingress } = guard([policy('p', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/9' } }] }] })])
  for (let i = 0; i < 40_000; i++) ingress?.judge(`10.${i >> 8}.${i & 255}.1`, 80)
  t.equal(ingress?.judge('10.0.0.1', 80).allowed, true)
  t.equal(ingress?.judge('10.128.0.1', 80).allowed, false)
  for (let port = 1; port < 100; port++) t.equal(ingress?.judge('10.0.0.1', port).allowed, true)
  t.equal(ingress?.judge('10.0.0.1', 1).allowed, true)
})

// A second reading of the specification, straight from the documents and as slow as can be.

interface Selecting {
  readonly matchLabels?: Record<string, string>
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[]
}
type Ports = readonly { port?: number | string; endPort?: number; protocol?: string }[]
interface Peer {
  readonly podSelector?: Selecting
  readonly namespaceSelector?: Selecting
  readonly ipBlock?: { cidr: string; except?: readonly string[] }
}
interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: Ports
}
interface Spec {
  readonly podSelector: Selecting
  readonly policyTypes?: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

const RESIDENTS = [
  { ip: '10.0.0.1', ns: 'x', pod: 'a' },
  { ip: '10.0.0.2', ns: 'x', pod: 'b' },
  { ip: '10.0.1.1', ns: 'y', pod: 'a' },
]

const selects = (selector: Selecting, labels: Record<string, string>): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
  (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key in labels
    if (operator === 'DoesNotExist') return !(key in labels)
    return (key in labels && values.includes(labels[key] as string)) === (operator === 'In')
  })

const numberOf = (ip: string): number => ip.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)

const within = (ip: string, cidr: string): boolean => {
  const [base, bits] = cidr.split('/') as [string, string]
  const size = 2 ** (32 - Number(bits))
  return Math.floor(numberOf(ip) / size) === Math.floor(numberOf(base) / size)
}

const meant = ({ podSelector, namespaceSelector, ipBlock }: Peer, ip: string): boolean => {
  if (ipBlock) return within(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((hole) => within(ip, hole))
  const who = RESIDENTS.find((one) => one.ip === ip)
  if (who === undefined) return false
  const inside = namespaceSelector === undefined ? who.ns === 'x' : selects(namespaceSelector, { ns: who.ns })
  return inside && selects(podSelector ?? {}, { pod: who.pod })
}

/** `named`: whether the port is called web where it is connected to. */
const open = (ports: Ports, port: number, named: boolean): boolean =>
  ports.some(({ port: first, endPort, protocol = 'TCP' }) => {
    if (protocol !== 'TCP') return false
    if (typeof first === 'string') return first === 'web' && named && port === 80
    return first === undefined || (port >= first && port <= (endPort ?? first))
  })

/** undefined: not isolated. */
const reference = (specs: readonly Spec[], direction: 'Ingress' | 'Egress', ip: string, port: number): boolean | undefined => {
  const about = specs.filter(({ podSelector, policyTypes, egress }) => {
    const types = policyTypes ?? ['Ingress', ...((egress ?? []).length > 0 ? ['Egress'] : [])]
    return selects(podSelector, { pod: 'a' }) && types.includes(direction)
  })
  if (about.length === 0) return undefined
  const named = direction === 'Ingress' || RESIDENTS.some((one) => one.ip === ip)
  return about.some((spec) =>
    ((direction === 'Ingress' ? spec.ingress : spec.egress) ?? []).some(({ from, to, ports }) => {
      const peers = from ?? to ?? []
      return (peers.length === 0 || peers.some((peer) => meant(peer, ip))) && (!ports?.length || open(ports, port, named))
    }),
  )
}

const selector = (key: string, values: readonly string[]): fc.Arbitrary<Selecting> =>
  fc.oneof(
    fc.constant({}),
    fc.constantFrom(...values).map((value) => ({ matchLabels: { [key]: value } })),
    fc
      .tuple(fc.constantFrom('In', 'NotIn'), fc.subarray([...values], { minLength: 1 }))
      .map(([operator, some]) => ({ matchExpressions: [{ key, operator, values: some }] })),
    fc
      .tuple(fc.constantFrom('Exists', 'DoesNotExist'), fc.constantFrom(key, 'other'))
      .map(([operator, label]) => ({ matchExpressions: [{ key: label, operator }] })),
  )

const pods = selector('pod', ['a', 'b', 'c'])
const spaces = selector('ns', ['x', 'y'])
const peers = fc.array(
  fc.oneof(
    pods.map((podSelector) => ({ podSelector })),
    spaces.map((namespaceSelector) => ({ namespaceSelector })),
    fc.record({ podSelector: pods, namespaceSelector: spaces }),
    fc.constantFrom('10.0.0.0/24', '10.0.0.0/8', '0.0.0.0/0').map((cidr) => ({ ipBlock: { cidr } })),
    fc.constantFrom('10.0.0.0/30', '10.0.1.1/32').map((hole) => ({ ipBlock: { cidr: '10.0.0.0/16', except: [hole] } })),
  ),
  { maxLength: 2 },
)
const ports = fc.array(
  fc.oneof(
    fc.record({ port: fc.constantFrom<(number | string)[]>(80, 81, 'web', 'other') }),
    fc.constant({ port: 79, endPort: 80 }),
    fc.constantFrom({ protocol: 'UDP', port: 80 }, { protocol: 'TCP' }),
  ),
  { maxLength: 2 },
)
const specs: fc.Arbitrary<Spec[]> = fc.array(
  fc.record(
    {
      podSelector: pods,
      policyTypes: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }),
      ingress: fc.array(fc.record({ from: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
      egress: fc.array(fc.record({ to: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
    },
    { requiredKeys: ['podSelector'] },
  ),
  { minLength: 1, maxLength: 3 },
)

t.test('the compiled form agrees with a plain reading of the documents', async (t) => {
  fc.assert(
    fc.property(specs, (list) => {
      const { ingress, egress } = guard(list.map((spec, index) => policy(`p${index}`, spec)))
      for (const ip of ['10.0.0.2', '10.0.1.1', '10.0.0.3', '172.16.0.1']) {
        for (const port of [79, 80, 81]) {
          const got = [ingress?.judge(ip, port).allowed, egress?.judge(ip, port).allowed]
          const wanted = [reference(list, 'Ingress', ip, port), reference(list, 'Egress', ip, port)]
          if (got[0] !== wanted[0] || got[1] !== wanted[1]) throw new Error(`${ip}:${port}: ${got}, not ${wanted}`)
        }
      }
    }),
    { numRuns: 500 },
  )
  t.pass('12 connections in two directions of 500 sets of policies')
})

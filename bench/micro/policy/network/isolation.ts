// What NetworkPolicies cost per verdict, with 1, 100 and 10,000 of them, for a peer that was seen before and for one that was not.
// node bench/micro/policy/network/isolation.ts; prints ns of CPU per verdict.
import { compileFiles } from '../../../../src/config/load.ts'
import { Problems } from '../../../../src/config/problem.ts'
import { identityOf } from '../../../../src/policy/identity.ts'
import { compileIsolation } from '../../../../src/policy/network/network.ts'

const RUNS = 5
const SIZES = [1, 100, 10_000]
/** Peers that come again and again. */
const PEERS = 1000
const VERDICTS = 1_000_000
const NEW_VERDICTS = 2000

const documents = (policies: number): string => {
  const pods = Array.from({ length: PEERS }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p-${i}`, namespace: 'shop', labels: { app: `app-${i % 50}` } },
    status: { podIP: addressOf(i) },
  }))
  const rules = Array.from({ length: policies }, (_, i) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `n-${i}`, namespace: 'shop' },
    spec: {
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { app: `app-${i % 50}` } } }], ports: [{ port: 8080 }] }],
    },
  }))
  const all = [{ workload: { name: 'w', namespace: 'shop' } }, ...pods, ...rules]
  return all.map((one) => `---\n${JSON.stringify(one)}\n`).join('')
}

function addressOf(i: number): string {
  return `10.0.${i >> 8}.${i & 255}`
}

function isolation(policies: number): NonNullable<ReturnType<typeof compileIsolation>> {
  const { config } = compileFiles([{ path: 'c.yaml', bytes: Buffer.from(documents(policies)) }], {}, new Problems())
  const found = config && compileIsolation(config, 'ingress')
  if (!found) throw new Error('there is nothing to ask')
  return found
}

for (const size of SIZES) {
  const judge = isolation(size)
  const peers = Array.from({ length: PEERS }, (_, i) => addressOf(i))
  const identity = identityOf('cluster.local/ns/shop/sa/default')
  const known: number[] = []
  const verified: number[] = []
  const fresh: number[] = []
  for (let run = 0; run <= RUNS; run++) {
    known.push(measure(VERDICTS, (i) => judge.judge(peers[i % PEERS] as string, 8080).allowed))
    verified.push(measure(VERDICTS, (i) => judge.judge(peers[i % PEERS] as string, 8080, identity).allowed))
    fresh.push(measure(NEW_VERDICTS, (i) => judge.judge(`172.16.${i >> 8}.${i & 255}`, 1000 + run).allowed))
  }
  const line = [known, verified, fresh].map((list) => `${Math.min(...list.slice(1)).toFixed(0)} ns`)
  process.stdout.write(`${size} policies: known peer ${line[0]}, with identity ${line[1]}, new peer ${line[2]}\n`)
}

function measure(count: number, ask: (i: number) => boolean): number {
  let allowed = 0
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) if (ask(i)) allowed++
  const { user, system } = process.cpuUsage(before)
  if (allowed > count) throw new Error('more verdicts than questions')
  return ((user + system) * 1000) / count
}

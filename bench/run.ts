// Measures Outrigger against the proxies of this machine: npm run bench [-- --only NAME --rounds N --seconds S]. Results go to
// bench/results/.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LOAD_CORES } from './lib/child.ts'
import { machine } from './lib/machine.ts'
import { startOrigin } from './lib/origin.ts'
import { type Circumstances, resultOf, save, writeTable } from './lib/report.ts'
import type { Context } from './lib/scenario.ts'
import { bigBody } from './macro/big-body.ts'
import { fixedRate } from './macro/fixed-rate.ts'
import { http2 } from './macro/http2.ts'
import { keepAlive } from './macro/keep-alive.ts'
import { manyConnections } from './macro/many-connections.ts'
import { memory } from './macro/memory.ts'
import { mtls } from './macro/mtls.ts'
import { policy } from './macro/policy.ts'
import { reload } from './macro/reload.ts'
import { revocation } from './macro/revocation.ts'
import { size } from './macro/size.ts'
import { start } from './macro/start.ts'
import { tls } from './macro/tls.ts'
import { transport } from './macro/transport.ts'
import { workers } from './macro/workers.ts'
import { envoy, envoyRbac } from './peers/envoy.ts'
import { haproxy } from './peers/haproxy.ts'
import { httpProxy } from './peers/http-proxy.ts'
import { nginx } from './peers/nginx.ts'
import { outrigger } from './peers/outrigger.ts'

const SCENARIOS = [
  keepAlive,
  manyConnections,
  tls,
  mtls,
  policy,
  revocation,
  bigBody,
  fixedRate,
  memory,
  start,
  size,
  reload,
  workers,
  ...http2,
  ...transport,
]
const PEERS = [outrigger, envoy, envoyRbac, haproxy, nginx, httpProxy]

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    peers: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    'dry-run': { type: 'boolean', default: false },
  },
})
const wanted = SCENARIOS.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
const known = SCENARIOS.map(({ name }) => name)
const unknown = values.only.filter((name) => !known.includes(name))
if (unknown.length > 0) fail(`no scenario is called ${unknown.join(', ')}; there are ${known.join(', ')}`)
const [rounds, seconds] = [whole(values.rounds, 'rounds'), whole(values.seconds, 'seconds')]

const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
// polling and bookkeeping stay off the proxies' core
execFileSync('taskset', ['-acp', LOAD_CORES, String(process.pid)], { stdio: 'ignore' })

const say = (line: string): void => console.log(line)
const origin = await startOrigin(folder)
const context: Context = {
  rounds,
  seconds,
  originPort: origin.port,
  tls: certificate(),
  peers: PEERS.filter(({ name }) => values.peers === '' || values.peers.split(',').includes(name)),
  folder: () => mkdtempSync(join(folder, 'proxy-')),
  say,
}
try {
  for (const scenario of wanted) {
    say(scenario.title)
    const circumstances: Circumstances = {
      date: new Date().toISOString(),
      command: command(),
      machine: machine(),
      rounds,
      seconds,
    }
    const samples = await scenario.run(context)
    if (samples === undefined) continue
    const result = resultOf(scenario, samples, circumstances)
    for (const { figure, of = 'outrigger', against, value, limit, met } of result.budgets)
      say(
        `  ${met ? 'met' : 'MISSED'}: ${figure} of ${of}${against ? ` / ${against}` : ''} = ${value.toFixed(2)}, budget ${limit}`,
      )
    if (!values['dry-run']) save(result)
  }
  if (!values['dry-run']) say(`written: ${writeTable()}`)
} finally {
  await origin.child.stop()
}

function command(): string {
  const only = values.only.map((name) => ` --only ${name}`).join('')
  return `npm run bench --${only} --rounds ${rounds} --seconds ${seconds}${values.peers && ` --peers ${values.peers}`}`
}

function certificate(): { certificate: string; key: string } {
  const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') }
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=bench.test']
  execFileSync('openssl', ['req', '-x509', ...options, '-keyout', files.key, '-out', files.certificate], { stdio: 'ignore' })
  return files
}

function whole(text: string, name: string): number {
  if (!/^[1-9]\d*$/.test(text)) fail(`--${name} takes a whole number above 0, not ${text}`)
  return Number(text)
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

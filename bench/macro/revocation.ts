// From the rename of a file to the last connection that it denies: 1,000 open connections, 1,000 policies, half of the callers denied.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { denyHalf, openMany, policies } from '../../test/support/revocation-scene.ts'
import { Child, freePort, LOAD_CORES } from '../lib/child.ts'
import { cpuSeconds } from '../lib/proc.ts'
import { answers } from '../lib/ready.ts'
import { type Context, type Figures, record, type Samples, type Scenario } from '../lib/scenario.ts'

const BIN = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))
const CONNECTIONS = 1000
const POLICIES = 1000

export const revocation: Scenario = {
  name: 'revocation',
  title: 'File change to the last cut: 1,000 open connections, 1,000 policies (ms)',
  budgets: [{ figure: 'revokedMs', limit: 250 }],
  async run(context) {
    const samples: Samples = new Map()
    for (let round = 0; round < context.rounds; round++) record(samples, 'outrigger', await measure(context))
    return samples
  },
}

async function measure(context: Context): Promise<Figures> {
  const [folder, port] = [context.folder(), await freePort()]
  const listener = { listen: `127.0.0.1:${port}`, app: `127.0.0.1:${context.originPort}`, protocol: 'http' }
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ listeners: { inbound: [listener] }, logLevel: 'error' }))
  writeFileSync(join(folder, 'policies.json'), policies(POLICIES, false))
  // not pinned to one core: compiling has a thread of its own
  const child = new Child([process.execPath, BIN, 'run', '--config', folder], { cores: `0-${LOAD_CORES}` })
  try {
    await answers(child, `http://127.0.0.1:${port}/`, 'app')
    const callers = await openMany(port, CONNECTIONS, () => false)
    const before = cpuSeconds(child.pid)
    const revokedMs = await denyHalf(folder, callers, POLICIES)
    for (const { socket } of callers) socket.destroy()
    return { revokedMs, cpuMs: (cpuSeconds(child.pid) - before) * 1000 }
  } finally {
    await child.stop()
  }
}

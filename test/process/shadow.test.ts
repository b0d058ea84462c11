// Before it bites: audits, dry runs, and a candidate configuration beside the one that serves, in a sidecar as a user starts it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { parseText } from '../support/prometheus-text.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

const rule = (path: string) => [{ to: [{ paths: [path] }] }]

t.test('what decides nothing is counted, by its rules, and told by examples', async (t) => {
  const origin = await httpOrigin(t, (_, response) => response.end())
  const candidate = mkdtempSync(join(tmpdir(), 'outrigger-candidate-'))
  t.teardown(() => rmSync(candidate, { recursive: true }))
  const policies = (path: string) => JSON.stringify({ policies: [{ name: 'next', action: 'deny', rules: rule(path) }] })
  writeFileSync(join(candidate, 'policies.json'), policies('/a'))
  const port = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: `127.0.0.1:${origin.port}`, protocol: 'http' }] },
      policies: [
        { name: 'note', action: 'audit', rules: rule('/a') },
        { name: 'dry', action: 'deny', dryRun: true, rules: rule('/b') },
        { name: 'live', action: 'deny', rules: rule('/c') },
      ],
    },
    args: ['--shadow', candidate],
  })
  const metric = async (name: string, labels: Readonly<Record<string, string>>): Promise<number> => {
    const text = await (await fetch(`${sidecar.telemetry}/metrics`)).text()
    const wanted = Object.entries(labels)
    const samples = parseText(text).filter(
      (one) => one.name === name && wanted.every(([key, value]) => one.labels[key] === value),
    )
    return samples.reduce((sum, { value }) => sum + value, 0)
  }
  const ask = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  t.same([await ask('/a'), await ask('/b'), await ask('/c')], [200, 200, 403])
  t.equal(await metric('outrigger_policy_audits_total', { rule: 'ns[default]-policy[note]-rule[0]' }), 1)
  t.equal(await metric('outrigger_dry_run_verdicts_total', { verdict: 'deny', rule: 'ns[default]-policy[dry]-rule[0]' }), 1)
  const shadow = (from: string, to: string, more: Record<string, string> = {}) =>
    metric('outrigger_shadow_verdicts_total', { from, to, ...more })
  t.equal(await shadow('allow', 'deny', { rule: 'ns[default]-policy[next]-rule[0]' }), 1)
  t.equal(await shadow('allow', 'allow'), 1)
  t.equal(await shadow('deny', 'allow'), 1)
  await eventually(() => sidecar.stderr().includes('a candidate policy would decide otherwise'))
  t.match(sidecar.stderr(), '"path":"/a"')

  writeFileSync(join(candidate, 'policies.json'), policies('/d'))
  // the newer candidate is compared
  await eventually(async () => {
    await ask('/d')
    return (await shadow('allow', 'deny')) >= 2
  })
})

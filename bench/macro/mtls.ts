// A pair of sidecars with mutual TLS between them, against a pair of Envoys.
import { comparePairs } from '../lib/pairs.ts'
import type { Scenario } from '../lib/scenario.ts'

const PAIRS = ['outrigger', 'envoy']

export const mtls: Scenario = {
  name: 'mtls',
  title: 'Mutual TLS from sidecar to sidecar, HTTP/1.1 keep-alive, 1 KiB, 64 connections, both sidecars together',
  budgets: [{ figure: 'cpuMicros', against: 'envoy', limit: 0.6 }],
  run(context) {
    const rows = context.peers.filter(({ name }) => PAIRS.includes(name)).map((peer) => ({ peer }))
    return comparePairs(context, rows, 64)
  },
}

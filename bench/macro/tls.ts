// TLS in front, plain HTTP behind: termination with an ECDSA certificate, connections kept.
import { compare } from '../lib/compare.ts'
import { PLAIN, type Scenario } from '../lib/scenario.ts'

export const tls: Scenario = {
  name: 'tls',
  title: 'TLS in front, HTTP/1.1 keep-alive, 1 KiB, 64 connections',
  budgets: [{ figure: 'cpuMicros', against: 'envoy', limit: 0.6 }],
  run: (context) => compare(context, { setup: { ...PLAIN, tls: context.tls }, connections: 64, path: '/r0' }),
}

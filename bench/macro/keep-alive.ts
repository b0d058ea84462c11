// HTTP/1.1, kept-alive connections, 1 KiB responses: what most calls in a mesh look like.
import { compare } from '../lib/compare.ts'
import { PLAIN, type Scenario } from '../lib/scenario.ts'

export const keepAlive: Scenario = {
  name: 'keep-alive',
  title: 'HTTP/1.1 keep-alive, 1 KiB, 64 connections',
  budgets: [
    { figure: 'cpuMicros', against: 'envoy', limit: 0.5 },
    { figure: 'cpuMicros', against: 'http-proxy', limit: 0.33 },
    { figure: 'cpuMicros', against: 'haproxy', limit: 1.8 },
  ],
  run: (context) => compare(context, { setup: PLAIN, connections: 64, path: '/r0' }),
}

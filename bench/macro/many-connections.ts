// The same with 1,000 connections: little comes of each read, so that the cost of a wake-up shows.
import { compare } from '../lib/compare.ts'
import { PLAIN, type Scenario } from '../lib/scenario.ts'

export const manyConnections: Scenario = {
  name: 'many-connections',
  title: 'HTTP/1.1 keep-alive, 1 KiB, 1,000 connections',
  budgets: [
    { figure: 'cpuMicros', against: 'envoy', limit: 0.45 },
    { figure: 'cpuMicros', against: 'haproxy', limit: 0.8 },
  ],
  run: (context) => compare(context, { setup: PLAIN, connections: 1000, path: '/r0' }),
}

// 1 MiB responses: the cost of moving bytes, where a request costs next to nothing.
import { compare } from '../lib/compare.ts'
import { PLAIN, type Scenario } from '../lib/scenario.ts'

export const bigBody: Scenario = {
  name: 'big-body',
  title: '1 MiB bodies, 16 connections',
  budgets: [
    { figure: 'cpuMicros', against: 'envoy', limit: 0.6 },
    { figure: 'cpuMicros', against: 'haproxy', limit: 0.8 },
  ],
  // without a route: the path is the file's
  run: (context) => compare(context, { setup: { ...PLAIN, routes: 0 }, connections: 16, path: '/1m' }),
}

// How HTTP/1.1 travels between two of our sidecars: on connections of its own, or many requests at once over HTTP/2. The default is what costs
// less.
import { comparePairs } from '../lib/pairs.ts'
import type { Scenario } from '../lib/scenario.ts'
import { outrigger } from '../peers/outrigger.ts'

const ROWS = [
  { peer: outrigger, name: 'h1', transport: 'h1' },
  { peer: outrigger, name: 'h2', transport: 'h2' },
] as const

export const transport: readonly Scenario[] = [16, 64, 512].map((connections) => ({
  name: `transport-${connections}`,
  title: `HTTP/1.1 and HTTP/2 between two sidecars with mutual TLS, 1 KiB, ${connections} requests at once`,
  budgets: [],
  run: (context) => comparePairs(context, ROWS, connections),
}))

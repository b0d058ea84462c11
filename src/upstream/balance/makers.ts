// The balancers by the names that the configuration uses. A new one is one file, one line here and the shared contract test.
import type { ServiceConfig } from '../../config/schema/services.ts'
import type { MakeBalancer } from './balancer.ts'
import { leastRequest } from './least-request.ts'
import { maglev } from './maglev.ts'
import { peakEwma } from './peak-ewma.ts'
import { random } from './random.ts'
import { ringHash } from './ring-hash.ts'
import { roundRobin } from './round-robin.ts'

export const BALANCERS = {
  least_request: leastRequest,
  round_robin: roundRobin,
  random,
  peak_ewma: peakEwma,
  ring_hash: ringHash,
  maglev,
} as const satisfies Record<ServiceConfig['balance'], MakeBalancer>

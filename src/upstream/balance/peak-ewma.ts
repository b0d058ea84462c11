// Least expected latency: of two endpoints drawn by weight, the one whose latency, averaged over time and quick to rise, times what is under
// way there is less. As Finagle and linkerd balance.
// hot path: bench/micro/upstream/balance.ts
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Balancer } from './balancer.ts'
import { random } from './random.ts'

/** What is long past counts for little: after this time, for 1/e of what it did. */
const DECAY_MS = 10_000

export function peakEwma(endpoints: readonly Endpoint[], clock: Clock, panicPercent = 0): Balancer {
  return new PeakEwma(random(endpoints, clock, panicPercent), clock)
}

/** An attempt at this endpoint took so long until its response head. */
export function observeLatency(endpoint: Endpoint, ms: number, nowMs: number): void {
  const latency = endpoint.latencyMs
  // a peak is believed at once
  if (ms >= latency) endpoint.latencyMs = ms
  else endpoint.latencyMs = ms + (latency - ms) * Math.exp((endpoint.latencyAtMs - nowMs) / DECAY_MS)
  endpoint.latencyAtMs = nowMs
}

class PeakEwma implements Balancer {
  readonly #draw: Balancer
  readonly #clock: Clock

  constructor(draw: Balancer, clock: Clock) {
    this.#draw = draw
    this.#clock = clock
  }

  pick(exclude?: Endpoint): Endpoint | undefined {
    const first = this.#draw.pick(exclude)
    const second = this.#draw.pick(exclude)
    if (first === undefined || second === undefined || first === second) return first
    const nowMs = this.#clock.nowMs()
    return cost(second, nowMs) < cost(first, nowMs) ? second : first
  }
}

/** An endpoint that nobody has asked for a while may have recovered: its latency fades. */
function cost({ latencyMs, latencyAtMs, active }: Endpoint, nowMs: number): number {
  return latencyMs * Math.exp((latencyAtMs - nowMs) / DECAY_MS) * (active + 1)
}

// Endpoints that are new, or back again, get their share little by little, as Envoy documents its slow start mode.
import type { ServiceConfig } from '../config/schema/services.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Endpoint } from './endpoint.ts'

export type SlowStartConfig = NonNullable<ServiceConfig['slowStart']>

/** Steps within the window. */
const STEPS = 50
const SHORTEST_STEP_MS = 50

/** The share of its weight that an endpoint gets so long after it came. */
export function warmthAt(elapsedMs: number, { window, aggression, minWeightPercent }: SlowStartConfig): number {
  if (elapsedMs >= window) return 1
  return Math.max(minWeightPercent / 100, (elapsedMs / window) ** (1 / aggression))
}

export class SlowStart {
  readonly #config: SlowStartConfig
  readonly #clock: Clock
  readonly #since = new Map<Endpoint, number>()
  #cancel: Cancel | undefined

  constructor(config: SlowStartConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
  }

  begin(endpoint: Endpoint): void {
    this.#since.set(endpoint, this.#clock.nowMs())
    endpoint.warmth = warmthAt(0, this.#config)
    const stepMs = Math.max(SHORTEST_STEP_MS, this.#config.window / STEPS)
    this.#cancel ??= this.#clock.every(stepMs, () => this.#step())
  }

  /** All are warm at once. */
  close(): void {
    for (const endpoint of this.#since.keys()) endpoint.warmth = 1
    this.#since.clear()
    this.#cancel?.()
    this.#cancel = undefined
  }

  #step(): void {
    const nowMs = this.#clock.nowMs()
    for (const [endpoint, sinceMs] of this.#since) {
      const warmth = warmthAt(nowMs - sinceMs, this.#config)
      endpoint.warmth = warmth
      if (warmth === 1) this.#since.delete(endpoint)
    }
    if (this.#since.size === 0) this.close()
  }
}

// Whether the sidecar itself has too much to do: how late its event loop is, and how full its heap. Then new exchanges are refused, a growing
// share of them, before anything is done for them; callers may send them elsewhere. What comes in goes first: what goes out serves what has
// come in already. Health and admin are not asked.
import { getHeapStatistics } from 'node:v8'
import type { Settings } from '../config/schema/settings.ts'
import type { Cancel, Clock } from '../core/clock.ts'

const SAMPLE_MS = 50
/** A loop that was blocked once is believed to be busy for about this long. */
const FADE_MS = 500
/** Some always get through: how else would anybody notice that it is over? */
const MOST = 0.95

type OverloadSettings = Settings['overload']

/** Used share of what the heap may grow to, in percent. V8 takes its limit from the container's. */
function heapPercent(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return (used * 100) / limit
}

export interface OverloadDeps {
  readonly clock: Clock
  readonly settings: () => OverloadSettings
  readonly heapPercent?: () => number
}

export class Overload {
  /** Shares that are refused now, 0 to 1. */
  inbound = 0
  outbound = 0
  readonly #deps: OverloadDeps
  readonly #cancel: Cancel
  #dueMs: number
  #lateMs = 0

  constructor(deps: OverloadDeps) {
    this.#deps = deps
    this.#dueMs = deps.clock.nowMs() + SAMPLE_MS
    this.#cancel = deps.clock.every(SAMPLE_MS, () => this.#sample())
  }

  /** Whether a new exchange is refused. */
  sheds(direction: 'inbound' | 'outbound'): boolean {
    const share = direction === 'inbound' ? this.inbound : this.outbound
    return share > 0 && this.#deps.clock.random() < share
  }

  close(): void {
    this.#cancel()
  }

  #sample(): void {
    const { clock, settings, heapPercent: read = heapPercent } = this.#deps
    const { loopDelay, memoryPercent } = settings()
    const nowMs = clock.nowMs()
    const lateMs = Math.max(0, nowMs - this.#dueMs)
    const passedMs = lateMs + SAMPLE_MS
    this.#dueMs = nowMs + SAMPLE_MS
    this.#lateMs = Math.max(lateMs, this.#lateMs * Math.exp(-passedMs / FADE_MS))
    const byLoop = loopDelay === 0 ? 0 : this.#lateMs / loopDelay
    const byHeap = memoryPercent === 0 ? 0 : pressureOf(read(), memoryPercent)
    const pressure = Math.max(byLoop, byHeap)
    this.inbound = shedShare(pressure - 1)
    this.outbound = shedShare((pressure - 2) / 2)
  }
}

/** 1 at the limit, 2 halfway from there to full. */
function pressureOf(percent: number, limit: number): number {
  return percent <= limit ? percent / limit : 1 + (percent - limit) / Math.max(1, (100 - limit) / 2)
}

function shedShare(excess: number): number {
  return Math.min(MOST, Math.max(0, excess))
}

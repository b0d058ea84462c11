// Numbers of the running program itself: what it is, whether it is ready, how busy its event loop is.
import { performance } from 'node:perf_hooks'
import type { Clock } from '../core/clock.ts'
import type { Closable } from '../core/lifecycle.ts'
import type { Metrics } from './metrics.ts'
import { processMetrics } from './process-metrics.ts'
import type { Readiness } from './readiness.ts'

const SAMPLE_MS = 50
/** Late enough not to delay the start, early enough for the first scrape not to wait for it. */
const LOAD_MS = 500

export interface RuntimeFacts {
  readonly clock: Clock
  readonly readiness: Readiness
  readonly version: string
}

export function watchRuntime(metrics: Metrics, { clock, readiness, version }: RuntimeFacts): Closable {
  metrics.gauge('buildInfo', { version }).set(1)
  metrics.gauge('istioBuild', { component: 'proxy', tag: `outrigger-${version}` }).set(1)
  const cancels = [
    metrics.collectFrom('ready', (put) => put({}, readiness.ready ? 1 : 0)),
    metrics.collectFrom('draining', (put) => put({}, readiness.draining ? 1 : 0)),
    metrics.collectFrom('loopActive', (put) => put({}, performance.eventLoopUtilization().active / 1000)),
    metrics.collectFrom('loopIdle', (put) => put({}, performance.eventLoopUtilization().idle / 1000)),
    sampleDelay(metrics, clock),
    clock.after(LOAD_MS, () => void processMetrics()),
  ]
  return {
    close() {
      for (const cancel of cancels) cancel()
    },
  }
}

/** What an event that comes at any moment has to wait: unlike the worst or the mean of an interval, it can be added up. */
function sampleDelay(metrics: Metrics, clock: Clock): () => void {
  const delay = metrics.histogram('loopDelay', {})
  let dueMs = clock.nowMs() + SAMPLE_MS
  return clock.every(SAMPLE_MS, () => {
    const nowMs = clock.nowMs()
    delay.observe(Math.max(0, nowMs - dueMs) / 1000)
    dueMs = nowMs + SAMPLE_MS
  })
}

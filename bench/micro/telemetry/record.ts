// What it costs to record an exchange. node bench/micro/telemetry/record.ts; prints ns per record, median of the runs.
import { systemClock } from '../../../src/core/clock.ts'
import { AccessLog } from '../../../src/telemetry/access-log.ts'
import { jsonLine } from '../../../src/telemetry/access-log-json.ts'
import { textLine } from '../../../src/telemetry/access-log-text.ts'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import type { Outcome } from '../../../src/telemetry/outcome.ts'
import { partyOf } from '../../../src/telemetry/party.ts'
import { Recorder } from '../../../src/telemetry/record.ts'
import { outcome } from '../../../test/support/outcome.ts'

const RUNS = 9
const RECORDS = 400_000
const STATUSES = [200, 200, 200, 201, 304, 404]

interface Scene {
  readonly name: string
  /** Pairs of parties that take turns. */
  readonly pairs: number
  readonly line?: (outcome: Outcome) => string
}

const SCENES: Scene[] = [
  { name: 'metrics, one pair of parties', pairs: 1 },
  { name: 'metrics, 100 pairs in turn', pairs: 100 },
  { name: 'metrics and text access log', pairs: 1, line: textLine },
  { name: 'metrics and JSON access log', pairs: 1, line: jsonLine },
]

const parties = Array.from({ length: 100 }, (_, i) => partyOf({ name: `w${i}`, namespace: 'n', labels: { app: `a${i}` } }))

for (const scene of SCENES) console.log(`${scene.name.padEnd(34)}${measure(scene).toFixed(0).padStart(7)} ns`)
await scrapes()

function measure({ pairs, line }: Scene): number {
  const metrics = new Metrics({ clock: systemClock, maxSeries: 10_000 })
  const sink = { write() {}, reopen() {}, close: () => Promise.resolve() }
  const log = line && new AccessLog({ sink, line, sample: 1, clock: systemClock, lines: metrics.counter('logLines', {}) })
  const recorder = new Recorder(metrics, log)
  const outcomes = Array.from({ length: 1000 }, (_, i) => exchange(i, pairs))
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now()
    for (let i = 0; i < RECORDS; i++) {
      const one = outcomes[i % outcomes.length] as Outcome
      one.recorded = false
      recorder.end(one)
    }
    return ((performance.now() - start) / RECORDS) * 1e6
  })
  return times.sort((a, b) => a - b)[RUNS >> 1] as number
}

function exchange(i: number, pairs: number): Outcome {
  const source = parties[i % pairs] as (typeof parties)[number]
  const made = outcome({
    source,
    status: STATUSES[i % STATUSES.length] as number,
    durationMs: (i * 37) % 80,
    responseBytes: (i * 997) % 100_000,
  })
  return { ...made, recorded: false }
}

/** How long an answer to Prometheus takes, and the longest that it kept the event loop. */
async function scrapes(): Promise<void> {
  const metrics = new Metrics({ clock: systemClock, maxSeries: 10_000 })
  for (let i = 0; i < 3000; i++)
    metrics.ended({
      ...exchange(i, 100),
      status: 200 + (i % 50),
      destination: parties[(i * 7) % 100] as (typeof parties)[number],
    })
  for (let run = 0; run < 3; run++) {
    let [bytes, longest] = [0, 0]
    const start = performance.now()
    let since = start
    for await (const piece of metrics.text()) {
      bytes += Buffer.from(piece).length
      longest = Math.max(longest, performance.now() - since)
      await new Promise((resolve) => setImmediate(resolve))
      since = performance.now()
    }
    const ms = performance.now() - start
    if (run === 2)
      console.log(`scrape: ${(bytes / 1e6).toFixed(1)} MB in ${ms.toFixed(0)} ms, at most ${longest.toFixed(1)} ms at a time`)
  }
}

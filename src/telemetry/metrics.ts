// All numbers of the proxy. Others bind theirs at load, by key of families.ts:
//   const accepted = metrics.counter('downstreamAccepted', { listener: '0.0.0.0:15006' })   // then, per connection: accepted.add()
//   metrics.collectFrom('upstreamPending', (put) => put({ service: 'catalog.shop:80' }, pool.pending))
// Exchanges and TCP connections come through the recorder only. `text()` is the answer to a scrape.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cancel, Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import { Exchanges, type Tally } from './exchanges.ts'
import { renderFamily, type Sample } from './exposition.ts'
import { type CounterKey, type GaugeKey, type HistogramKey, type LabelsOf, OWN, type OwnKey } from './families.ts'
import type { FamilySpec } from './family.ts'
import { malformedKind } from './malformed.ts'
import type { MetricsSnapshot } from './merge.ts'
import type { Direction, LiveConnection, Outcome } from './outcome.ts'
import type { Pair } from './pairs.ts'
import { processMetrics } from './process-metrics.ts'
import { type Counter, Family, type Gauge, type Histogram, type Put } from './values.ts'

/** Failures that say that a message was malformed, and whose. */
const MALFORMED_SIDE: Partial<Record<FailureCode, 'downstream' | 'upstream'>> = {
  bad_request: 'downstream',
  head_too_large: 'downstream',
  http_version: 'downstream',
  upstream_protocol: 'upstream',
}

export interface MetricsOptions {
  readonly clock: Clock
  /** Label sets that a family may have. */
  readonly maxSeries: number
}

export class Metrics {
  readonly #families = new Map<OwnKey, Family>()
  #underWay: () => Iterable<Outcome> = () => []
  readonly #exchanges: Exchanges
  readonly #overhead: Record<Direction, Histogram>
  readonly #failures = { inbound: new Map<FailureCode, Counter>(), outbound: new Map<FailureCode, Counter>() }

  constructor({ clock, maxSeries }: MetricsOptions) {
    for (const [key, spec] of Object.entries(OWN)) this.#families.set(key as OwnKey, new Family(spec, maxSeries))
    const overflows = this.counter('overflows', {})
    this.#exchanges = new Exchanges(
      maxSeries,
      () => clock.nowMs(),
      () => overflows.add(),
    )
    this.#overhead = {
      inbound: this.histogram('overhead', { direction: 'inbound' }),
      outbound: this.histogram('overhead', { direction: 'outbound' }),
    }
    this.collectFrom('series', (put) => {
      put({ family: 'istio_requests' }, this.#exchanges.httpSeries)
      put({ family: 'istio_tcp' }, this.#exchanges.tcpSeries)
    })
  }

  counter<K extends CounterKey>(key: K, labels: LabelsOf<K>): Counter {
    return this.#family(key).bind(labels) as Counter
  }

  gauge<K extends GaugeKey>(key: K, labels: LabelsOf<K>): Gauge {
    return this.#family(key).bind(labels) as Gauge
  }

  histogram<K extends HistogramKey>(key: K, labels: LabelsOf<K>): Histogram {
    return this.#family(key).bind(labels) as Histogram
  }

  /** Asks `read` at each scrape; a label set that it no longer puts is gone. For numbers that somebody keeps anyway. */
  collectFrom<K extends GaugeKey | CounterKey>(key: K, read: (put: Put<LabelsOf<K>>) => void): Cancel {
    return this.#family(key).collectFrom(read)
  }

  /** The exchanges under way, to be looked at with each scrape: a stream counts its messages while it lasts. */
  follow(underWay: () => Iterable<Outcome>): void {
    this.#underWay = underWay
  }

  /** An HTTP exchange that has ended. Called by the recorder. */
  ended(outcome: Outcome): void {
    const { direction, failure, attempts } = outcome
    const pair = this.#exchanges.ended(outcome)
    if (failure !== undefined) {
      this.#failed(direction, failure)
      const side = MALFORMED_SIDE[failure]
      if (side !== undefined) this.counter('malformed', { side, kind: malformedKind(outcome.detail) }).add()
    } else if (attempts > 0 && !outcome.upgraded && outcome.delayed !== true)
      this.#overhead[direction].observe(Math.max(0, outcome.durationMs - outcome.upstreamMs) / 1000)
    if (attempts > 1) this.#retried(pair, attempts - 1)
  }

  /** A TCP connection was accepted for its destination. Called by the recorder. */
  opened(connection: LiveConnection): Tally {
    return this.#exchanges.opened(connection)
  }

  /** Called by the recorder. */
  closed(tally: Tally, outcome: Outcome): void {
    const pair = this.#exchanges.closed(tally, outcome.failure)
    if (outcome.failure !== undefined) this.#failed(outcome.direction, outcome.failure)
    if (outcome.attempts > 1) this.#retried(pair, outcome.attempts - 1)
  }

  /** The answer to a scrape, in pieces; the event loop turns between them. */
  async *text(): AsyncGenerator<string, void, undefined> {
    for (const [spec, samples] of this.families()) {
      for (const piece of renderFamily(spec, samples)) {
        yield piece
        await nextTurn()
      }
    }
    yield await (await processMetrics()).text()
  }

  /** For another process to merge. */
  async snapshot(): Promise<MetricsSnapshot> {
    const families: Record<string, [string, number[]][]> = {}
    for (const [{ name }, samples] of this.families()) {
      families[name] = Array.from(samples, ({ labels, numbers }) => [labels, Array.from(numbers)])
    }
    return { families, process: await (await processMetrics()).snapshot() }
  }

  /** Every family and its samples of this moment. */
  *families(): Generator<[FamilySpec, Iterable<Sample>], void, undefined> {
    this.#exchanges.scraped(this.#underWay())
    yield* this.#exchanges.families()
    for (const family of this.#families.values()) yield [family.spec, family.samples()]
  }

  #family(key: OwnKey): Family {
    return this.#families.get(key) as Family
  }

  #failed(direction: Direction, code: FailureCode): void {
    const known = this.#failures[direction]
    let counter = known.get(code)
    if (counter === undefined) known.set(code, (counter = this.counter('failures', { direction, code })))
    counter.add()
  }

  #retried(pair: Pair, times: number): void {
    pair.retries ??= this.counter('retries', { service: pair.service })
    pair.retries.add(times)
  }
}

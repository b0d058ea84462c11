// Counts what the recorder hands over: exchanges and TCP connections, under Istio's names and labels.
// hot path: bench/micro/telemetry/record.ts
import type { FailureCode } from '../core/failures.ts'
import type { Sample } from './exposition.ts'
import { ISTIO } from './families.ts'
import type { FamilySpec } from './family.ts'
import type { LiveConnection, Outcome, Party } from './outcome.ts'
import { type Pair, Pairs } from './pairs.ts'
import { httpKey, type TcpSeries, tcpKey } from './series.ts'

/** Where an open TCP connection is counted. Bytes are taken from it at each scrape, the rest at its end. */
export class Tally {
  readonly connection: LiveConnection
  readonly pair: Pair
  readonly series: TcpSeries
  #received = 0
  #sent = 0

  constructor(connection: LiveConnection, pair: Pair, series: TcpSeries) {
    this.connection = connection
    this.pair = pair
    this.series = series
  }

  /** Counts what came since the last time. */
  take(into: TcpSeries = this.series): void {
    const { requestBytes, responseBytes } = this.connection
    into.received += requestBytes - this.#received
    into.sent += responseBytes - this.#sent
    this.#received = requestBytes
    this.#sent = responseBytes
  }
}

const NO_MESSAGES = [0, 0] as const

export class Exchanges {
  readonly #pairs: Pairs
  readonly #live = new Set<Tally>()
  /** What scrapes have counted of the messages of exchanges under way. */
  readonly #streaming = new Map<Outcome, readonly [requests: number, responses: number]>()
  // most traffic is between the same two as the exchange before
  #source: Party | undefined
  #destination: Party | undefined
  #inbound = false
  #pair: Pair | undefined

  constructor(maxSeries: number, nowMs: () => number, overflowed: () => void) {
    this.#pairs = new Pairs(maxSeries, nowMs, overflowed)
  }

  get httpSeries(): number {
    return this.#pairs.httpCount
  }

  get tcpSeries(): number {
    return this.#pairs.tcpCount
  }

  /** An HTTP exchange that has ended; the answer says which service it was for. */
  ended(outcome: Outcome): Pair {
    const pair = this.#pairOf(outcome)
    this.#pairs.http(pair, httpKey(outcome)).add(outcome.durationMs, outcome.requestBytes, outcome.responseBytes)
    if (outcome.kind === 'grpc') this.#countMessages(pair, outcome)
    this.#streaming.delete(outcome)
    return pair
  }

  opened(connection: LiveConnection): Tally {
    const pair = this.#pairOf(connection)
    const series = this.#pairs.tcp(pair, tcpKey(connection.direction, connection.security, undefined))
    series.opened++
    series.live++
    const tally = new Tally(connection, pair, series)
    this.#live.add(tally)
    return tally
  }

  /** A second call for the same tally counts nothing. */
  closed(tally: Tally, failure: FailureCode | undefined): Pair {
    if (!this.#live.delete(tally)) return tally.pair
    const { direction, security } = tally.connection
    const series = failure === undefined ? tally.series : this.#pairs.tcp(tally.pair, tcpKey(direction, security, failure))
    tally.take(series)
    tally.series.live--
    series.closed++
    return tally.pair
  }

  /** To be called at each scrape, before `families`. `underWay`: exchanges that have not ended. */
  scraped(underWay: Iterable<Outcome> = []): void {
    for (const tally of this.#live) tally.take()
    for (const outcome of underWay) if (outcome.kind === 'grpc') this.#stream(outcome)
    this.#pairs.scraped()
    this.#pair = undefined
  }

  *families(): Generator<[FamilySpec, Iterable<Sample>], void, undefined> {
    const pairs = this.#pairs
    yield [ISTIO.requests, httpSamples(pairs, -1)]
    yield [ISTIO.durations, httpSamples(pairs, 0)]
    yield [ISTIO.requestBytes, httpSamples(pairs, 1)]
    yield [ISTIO.responseBytes, httpSamples(pairs, 2)]
    yield [ISTIO.requestMessages, messageSamples(pairs, (pair) => pair.requestMessages)]
    yield [ISTIO.responseMessages, messageSamples(pairs, (pair) => pair.responseMessages)]
    yield [ISTIO.tcpSent, tcpSamples(pairs, (series) => series.sent)]
    yield [ISTIO.tcpReceived, tcpSamples(pairs, (series) => series.received)]
    yield [ISTIO.tcpOpened, tcpSamples(pairs, (series) => series.opened)]
    yield [ISTIO.tcpClosed, tcpSamples(pairs, (series) => series.closed)]
  }

  /** A stream of hours is not counted at its end alone. */
  #stream(outcome: Outcome): void {
    const { requestMessages = 0, responseMessages = 0 } = outcome
    if (outcome.attempts === 0 || requestMessages + responseMessages === 0) return
    this.#countMessages(this.#pairOf(outcome), outcome)
    this.#streaming.set(outcome, [requestMessages, responseMessages])
  }

  #countMessages(pair: Pair, outcome: Outcome): void {
    const [requests, responses] = this.#streaming.get(outcome) ?? NO_MESSAGES
    pair.requestMessages += (outcome.requestMessages ?? 0) - requests
    pair.responseMessages += (outcome.responseMessages ?? 0) - responses
  }

  #pairOf(x: Pick<Outcome, 'direction' | 'source' | 'destination'>): Pair {
    const { source, destination } = x
    const inbound = x.direction === 'inbound'
    const last = this.#pair
    if (last !== undefined && source === this.#source && destination === this.#destination && inbound === this.#inbound)
      return last
    const pair = this.#pairs.of(x.direction, source, destination)
    this.#source = source
    this.#destination = destination
    this.#inbound = inbound
    this.#pair = pair
    return pair
  }
}

function* httpSamples(pairs: Pairs, which: number): Generator<Sample, void, undefined> {
  for (const pair of pairs) for (const series of pair.http.values()) yield which < 0 ? series.total() : series.histogram(which)
}

function* tcpSamples(pairs: Pairs, value: (series: TcpSeries) => number): Generator<Sample, void, undefined> {
  for (const pair of pairs) for (const series of pair.tcp.values()) yield { labels: series.labels, numbers: [value(series)] }
}

/** Only where gRPC is spoken: the families have no use elsewhere. */
function* messageSamples(pairs: Pairs, value: (pair: Pair) => number): Generator<Sample, void, undefined> {
  for (const pair of pairs)
    if (pair.requestMessages + pair.responseMessages > 0) yield { labels: pair.labels, numbers: [value(pair)] }
}

// Who talked to whom, as Istio's metrics tell it: finds the numbers of a source and a destination without building a label.
// hot path: bench/micro/telemetry/record.ts
import { escapeLabel } from './exposition.ts'
import { OVERFLOW } from './families.ts'
import type { Direction, Party } from './outcome.ts'
import { HttpSeries, type Series, TcpSeries } from './series.ts'
import type { Counter } from './values.ts'

/** A label set that was silent this long makes room when room is needed. */
const IDLE_MS = 600_000
/** Looking for room is worth its while only this often. */
const SEEK_ROOM_MS = 10_000

/** Everything counted between two parties in one direction. Two with the same labels are one, whatever objects they came as. */
export class Pair {
  readonly labels: string
  readonly service: string
  /** Bound by whoever counts the first retry. */
  retries: Counter | undefined
  readonly http = new Map<number, HttpSeries>()
  readonly tcp = new Map<number, TcpSeries>()
  requestMessages = 0
  responseMessages = 0

  constructor(labels: string, service: string) {
    this.labels = labels
    this.service = service
  }
}

type ByDestination = WeakMap<Party, Pair>

export class Pairs {
  readonly #maxSeries: number
  readonly #nowMs: () => number
  readonly #overflowed: () => void
  readonly #byLabels = new Map<string, Pair>()
  readonly #overflow = new Pair(
    pairLabels(OVERFLOW, () => OVERFLOW),
    OVERFLOW,
  )
  // weak: the parties of a configuration that has gone must not be kept by their numbers
  #inbound = new WeakMap<Party, ByDestination>()
  #outbound = new WeakMap<Party, ByDestination>()
  #httpCount = 0
  #tcpCount = 0
  #soughtRoomMs = -Infinity
  #overflowUsed = false

  constructor(maxSeries: number, nowMs: () => number, overflowed: () => void) {
    this.#maxSeries = maxSeries
    this.#nowMs = nowMs
    this.#overflowed = overflowed
  }

  get httpCount(): number {
    return this.#httpCount
  }

  get tcpCount(): number {
    return this.#tcpCount
  }

  of(direction: Direction, source: Party, destination: Party): Pair {
    const pair = (direction === 'inbound' ? this.#inbound : this.#outbound).get(source)?.get(destination)
    return pair ?? this.#resolve(direction, source, destination)
  }

  http(pair: Pair, key: number): HttpSeries {
    return pair.http.get(key) ?? this.#newHttp(pair, key)
  }

  tcp(pair: Pair, key: number): TcpSeries {
    return pair.tcp.get(key) ?? this.#newTcp(pair, key)
  }

  *[Symbol.iterator](): Generator<Pair, void, undefined> {
    yield* this.#byLabels.values()
    yield this.#overflow
  }

  /** To be called at each scrape: notes which series have moved since the last one, and ends an overflow that need not be. */
  scraped(): void {
    this.#mark()
    if (!this.#overflowUsed) return
    this.#overflowUsed = false
    this.#dropIdle()
    this.#forgetParties()
  }

  #resolve(direction: Direction, source: Party, destination: Party): Pair {
    const labels = pairLabels(direction === 'inbound' ? 'destination' : 'source', (end, part) =>
      labelOf(end === 'source' ? source : destination, part),
    )
    let pair = this.#byLabels.get(labels)
    if (pair === undefined) {
      const full = this.#byLabels.size >= this.#maxSeries && !this.#makeRoom()
      pair = full ? this.#overflow : new Pair(labels, destination.service || 'unknown')
      if (!full) this.#byLabels.set(labels, pair)
    }
    const known = direction === 'inbound' ? this.#inbound : this.#outbound
    let byDestination = known.get(source)
    if (byDestination === undefined) known.set(source, (byDestination = new WeakMap()))
    byDestination.set(destination, pair)
    return pair
  }

  #newHttp(pair: Pair, key: number): HttpSeries {
    if (pair === this.#overflow || (this.#httpCount >= this.#maxSeries && !this.#makeRoom()))
      return this.#overflowOf(this.#overflow.http, HttpSeries)
    const series = new HttpSeries(pair.labels, key, this.#nowMs())
    pair.http.set(key, series)
    this.#keep(pair)
    this.#httpCount++
    return series
  }

  #newTcp(pair: Pair, key: number): TcpSeries {
    if (pair === this.#overflow || (this.#tcpCount >= this.#maxSeries && !this.#makeRoom()))
      return this.#overflowOf(this.#overflow.tcp, TcpSeries)
    const series = new TcpSeries(pair.labels, key, this.#nowMs())
    pair.tcp.set(key, series)
    this.#keep(pair)
    this.#tcpCount++
    return series
  }

  #overflowOf<T extends Series>(kept: Map<number, T>, Kind: new (labels: string, key: number, nowMs: number) => T): T {
    this.#overflowUsed = true
    this.#overflowed()
    let series = kept.get(-1)
    if (series === undefined) kept.set(-1, (series = new Kind(this.#overflow.labels, -1, this.#nowMs())))
    return series
  }

  /** Making room for its new series may have dropped the pair itself. */
  #keep(pair: Pair): void {
    if (!this.#byLabels.has(pair.labels)) this.#byLabels.set(pair.labels, pair)
  }

  #makeRoom(): boolean {
    const nowMs = this.#nowMs()
    if (nowMs - this.#soughtRoomMs < SEEK_ROOM_MS) return false
    this.#soughtRoomMs = nowMs
    this.#mark()
    return this.#dropIdle()
  }

  #mark(): void {
    const nowMs = this.#nowMs()
    for (const pair of this.#byLabels.values()) {
      for (const series of pair.http.values()) series.mark(nowMs)
      for (const series of pair.tcp.values()) series.mark(nowMs)
    }
  }

  /** Prometheus takes the return of what was dropped, from zero, for the reset of a counter, which it is. */
  #dropIdle(): boolean {
    const beforeMs = this.#nowMs() - IDLE_MS
    let dropped = 0
    for (const [labels, pair] of this.#byLabels) {
      const http = dropIdle(pair.http, beforeMs)
      const tcp = dropIdle(pair.tcp, beforeMs)
      this.#httpCount -= http
      this.#tcpCount -= tcp
      dropped += http + tcp
      if (pair.http.size === 0 && pair.tcp.size === 0) this.#byLabels.delete(labels)
    }
    // what still points at a dropped pair would count where nobody looks
    if (dropped > 0) this.#forgetParties()
    return dropped > 0
  }

  #forgetParties(): void {
    this.#inbound = new WeakMap()
    this.#outbound = new WeakMap()
  }
}

function dropIdle(all: Map<number, Series>, beforeMs: number): number {
  let dropped = 0
  for (const [key, series] of all) {
    if (!series.idleSince(beforeMs)) continue
    all.delete(key)
    dropped++
  }
  return dropped
}

type Part =
  | 'workload'
  | 'canonical_service'
  | 'canonical_revision'
  | 'workload_namespace'
  | 'principal'
  | 'app'
  | 'version'
  | 'cluster'
  | 'service'
  | 'service_name'
  | 'service_namespace'

/** Label names of either end, in Istio's order. */
const SOURCE_PARTS: readonly Part[] = [
  'workload',
  'canonical_service',
  'canonical_revision',
  'workload_namespace',
  'principal',
  'app',
  'version',
  'cluster',
]
const DESTINATION_PARTS: readonly Part[] = [
  'workload',
  'workload_namespace',
  'principal',
  'app',
  'version',
  'service',
  'canonical_service',
  'canonical_revision',
  'service_name',
  'service_namespace',
  'cluster',
]

function pairLabels(reporter: string, value: (end: 'source' | 'destination', part: Part) => string): string {
  let text = `reporter="${reporter}"`
  for (const part of SOURCE_PARTS) text += `,source_${part}="${escapeLabel(value('source', part))}"`
  for (const part of DESTINATION_PARTS) text += `,destination_${part}="${escapeLabel(value('destination', part))}"`
  return text
}

function labelOf(party: Party, part: Part): string {
  switch (part) {
    case 'workload':
      return party.workload || 'unknown'
    case 'workload_namespace':
      return party.namespace || 'unknown'
    case 'canonical_service':
      return party.canonicalService || party.app || party.workload || 'unknown'
    case 'canonical_revision':
      return party.canonicalRevision || party.version || 'latest'
    case 'service_name':
      return party.serviceName || 'unknown'
    case 'service_namespace':
      return party.serviceNamespace || 'unknown'
    default:
      return party[part] || 'unknown'
  }
}

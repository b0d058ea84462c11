// Endpoints that DNS names: asked again when the least TTL has passed, one refresh at a time. A new answer replaces the list at once;
// while DNS fails the last good one is used for `maxStale`, and asking goes on with back-off, for ever.
import type { DnsConfig, EndpointConfig, ServiceConfig } from '../config/schema/services.ts'
import { serviceKey } from '../config/service-key.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { Answers, type Round } from './answers.ts'
import { DnsFailure, type Queries } from './queries.ts'
import { type Families, resolveEndpoints } from './resolve.ts'
import { type EndpointSource, type OnEndpoints, type SourceState, sameEndpoints } from './source.ts'
import type { SystemNames } from './system-names.ts'

export type DnsService = ServiceConfig & { readonly dns: DnsConfig }

export interface DnsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly names: SystemNames
  readonly families: () => Families
  /** One for each refresh. */
  readonly makeQueries: () => Queries
  /** After each refresh; `stale`: the last good answer is used. */
  readonly onRefresh: (refresh: Refresh) => void
}

export interface Refresh {
  readonly name: string
  readonly ok: boolean
  readonly stale: boolean
}

/** Between tries while DNS fails or knows nothing: doubled each time, half of it by chance. */
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000

type Status = SourceState['status']

export class DnsSource implements EndpointSource {
  readonly #service: DnsService
  readonly #deps: DnsDeps
  readonly #answers: Answers
  #onEndpoints: OnEndpoints = () => {}
  #status: Status = 'waiting'
  #endpoints: readonly EndpointConfig[] = []
  #standby: readonly EndpointConfig[] = []
  #error = ''
  #tries = 0
  #refreshAtMs: number | undefined
  #cancelTimer: Cancel = () => {}
  #queries: Queries | undefined
  #closed = false

  /** `before`: what it takes the place of; answers that it has had to the same questions may still stand in. */
  constructor(service: DnsService, deps: DnsDeps, before?: EndpointSource) {
    this.#service = service
    this.#deps = deps
    this.#answers = new Answers(deps.clock, service.dns, before instanceof DnsSource ? before.#answers : undefined)
    if (before === undefined) this.#endpoints = service.endpoints
  }

  start(onEndpoints: OnEndpoints): void {
    this.#onEndpoints = onEndpoints
    // Fixed endpoints need not wait for DNS, unless those before them would leave a gap.
    if (this.#endpoints.length > 0) onEndpoints(this.#endpoints)
    void this.#refresh()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimer()
    this.#queries?.cancel()
  }

  state(): SourceState {
    const refreshInMs = this.#refreshAtMs && Math.max(0, this.#refreshAtMs - this.#deps.clock.nowMs())
    return {
      kind: 'dns',
      status: this.#status,
      name: this.#service.dns.name,
      endpoints: this.#endpoints,
      standby: this.#standby,
      error: this.#error,
      refreshInMs,
    }
  }

  /** Never two at once: the next is planned only when this one is done. Never rejects but for a fault of ours. */
  async #refresh(): Promise<void> {
    this.#refreshAtMs = undefined
    const round = this.#answers.begin()
    const queries = this.#deps.makeQueries()
    this.#queries = queries
    const { dns, port } = this.#service
    const deps = { answers: this.#answers, queries, names: this.#deps.names, families: this.#deps.families }
    const groups = await resolveEndpoints(dns, port, deps).catch((error: unknown) => {
      if (!(error instanceof DnsFailure)) throw error
      this.#answers.note(error)
      return undefined
    })
    this.#queries = undefined
    if (this.#closed) return
    this.#settle(groups, round)
    this.#plan(round)
  }

  /** `groups` undefined: nobody knows, and no earlier answer may stand in any more. */
  #settle(groups: readonly EndpointConfig[][] | undefined, round: Round): void {
    const first = this.#status === 'waiting'
    const endpoints = [...this.#service.endpoints, ...(groups?.[0] ?? [])]
    const changed = !sameEndpoints(endpoints, this.#endpoints)
    const status = statusOf(groups, round)
    this.#endpoints = endpoints
    this.#standby = groups?.slice(1).flat() ?? []
    this.#error = round.failure
    this.#tell(status)
    this.#status = status
    this.#deps.onRefresh({ name: this.#service.dns.name, ok: round.failure === '', stale: status === 'stale' })
    if (first || changed) this.#onEndpoints(endpoints)
  }

  #plan(round: Round): void {
    const { clock } = this.#deps
    const settled = round.failure === '' && this.#status === 'ready'
    this.#tries = settled ? 0 : this.#tries + 1
    const delayMs = settled ? round.ttlMs : this.#retryDelay(round)
    this.#refreshAtMs = clock.nowMs() + delayMs
    this.#cancelTimer = clock.after(delayMs, () => void this.#refresh())
  }

  #retryDelay(round: Round): number {
    const { clock } = this.#deps
    const fullMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#tries, 10))
    // An answer that stands in must go on time, not at the next try after that.
    const leftMs = Math.max(1, round.staleUntilMs - clock.nowMs())
    return Math.min(fullMs / 2 + (fullMs / 2) * clock.random(), leftMs)
  }

  /** Says in the log what has changed, once. */
  #tell(status: Status): void {
    if (status === this.#status) return
    const { name } = this.#service.dns
    const log = this.#deps.log.with({ service: serviceKey(this.#service), name })
    switch (status) {
      case 'ready':
        log.info(`${name} is resolved`, { endpoints: this.#endpoints.length })
        break
      case 'stale':
        log.warn(`${name} cannot be resolved; its last good answer is used`, { error: this.#error })
        break
      case 'failing':
        log.warn(`${name} cannot be resolved; it gives no endpoints; trying again`, { error: this.#error })
        break
      case 'empty':
        log.warn(`${name} has no addresses; trying again`)
        break
      case 'waiting':
        break
    }
  }
}

function statusOf(groups: readonly EndpointConfig[][] | undefined, round: Round): Status {
  if (groups === undefined) return 'failing'
  if (round.staleUntilMs < Infinity) return 'stale'
  return groups.length > 0 ? 'ready' : 'empty'
}

// Connections to one endpoint. The one that was used last is used first, so that those that are not needed grow old and go; they go
// before the endpoint would close them.
// hot path: bench/macro
import type { UpstreamConnection, UpstreamConnectionOwner } from '../../codec/stream.ts'
import { Alarm } from '../../core/alarm.ts'
import type { Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import { IdleLimit } from './idle-limit.ts'
import type { Load } from './load.ts'
import { Roster, Slot } from './roster.ts'

/** Who waits for a connection. Each call to `acquire` ends in one of these, perhaps before it returns, or in `cancel`. */
export interface PoolWaiter {
  /** `connection.begin` must be called at once. */
  onConnection(connection: UpstreamConnection): void
  onPoolFailure(code: FailureCode, detail: string): void
}

export interface PoolOptions {
  readonly clock: Clock
  readonly load: Load
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Opens a connection; `preface`: bytes to send first; `expectedCapacity`: exchanges that it will probably take. */
  readonly dial: (
    owner: UpstreamConnectionOwner,
    preface: Buffer | undefined,
    expectedCapacity: number,
  ) => UpstreamConnection & { readonly keepAliveSeconds?: number }
  /** Exchanges that a connection still coming up will probably take; 1: it never takes more. */
  readonly expectedCapacity: number
}

export class Pool implements UpstreamConnectionOwner {
  readonly #options: PoolOptions
  /** Open or coming up. */
  readonly #connections = new Map<UpstreamConnection, Slot>()
  /** Of these, those that can take an exchange. */
  readonly #ready = new Roster()
  readonly #waiting = new Set<PoolWaiter>()
  /** Of these, who will not have a used one; a connection for them is coming up. */
  readonly #choosy = new Set<PoolWaiter>()
  readonly #alarm: Alarm
  #connecting = 0
  /** Exchanges that a connection still coming up will probably take: what the last one took. */
  #expectedCapacity: number
  readonly #idleLimit: IdleLimit
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#idleLimit = new IdleLimit(options.idleTimeoutMs)
    this.#expectedCapacity = options.expectedCapacity
    this.#alarm = new Alarm(options.clock, () => this.#retire())
  }

  get open(): number {
    return this.#connections.size
  }

  /** Connections without an exchange. */
  get idle(): number {
    return this.#ready.idle
  }

  get pending(): number {
    return this.#waiting.size
  }

  /** `fresh`: a connection that nobody has used, because an old one has just failed. */
  acquire(waiter: PoolWaiter, fresh: boolean): void {
    const connection = fresh ? undefined : this.#takeIdle()
    if (connection !== undefined) {
      this.#give(connection, waiter)
      return
    }
    const { load } = this.#options
    if (load.pending >= load.limits.pending && !(this.#mayOpen && load.limits.pending === 0)) {
      load.overflows++
      waiter.onPoolFailure('overflow', 'too many requests wait for a connection')
      return
    }
    this.#waiting.add(waiter)
    load.pending++
    if (fresh && this.#mayOpen) this.#choosy.add(waiter)
    this.#openFor(this.#waiting.size)
  }

  /** One connection for one exchange, which begins with these bytes. */
  acquireOnce(waiter: PoolWaiter, preface: Buffer): void {
    const { load } = this.#options
    if (load.connections >= load.limits.connections) {
      load.overflows++
      waiter.onPoolFailure('overflow', 'too many connections')
      return
    }
    const single: UpstreamConnectionOwner = {
      onReady: (connection) => {
        this.#up(connection)
        waiter.onConnection(connection)
        connection.drain()
      },
      onIdle: (connection) => connection.drain(),
      onGone: (connection, code, detail) => {
        if (this.#forget(connection)) waiter.onPoolFailure(code, detail)
      },
    }
    this.#open(preface, single)
  }

  /** The waiter does not want it any more. */
  cancel(waiter: PoolWaiter): void {
    this.#choosy.delete(waiter)
    if (this.#waiting.delete(waiter)) this.#options.load.pending--
  }

  /** Takes no new exchange; those under way end. */
  close(): void {
    this.#closed = true
    this.#alarm.close()
    for (const waiter of Array.from(this.#waiting)) this.#failWaiter(waiter, 'connect_failed', 'the endpoint is gone')
    this.#ready.clear()
    for (const connection of Array.from(this.#connections.keys())) connection.drain()
  }

  /** Cuts everything. */
  destroy(code: FailureCode): void {
    this.close()
    for (const connection of Array.from(this.#connections.keys())) connection.destroy(code)
  }

  onReady(connection: UpstreamConnection): void {
    this.#up(connection)
    this.#offer(connection, true)
  }

  onIdle(connection: UpstreamConnection): void {
    if (this.#options.expectedCapacity === 1) this.#listen(connection)
    else this.#expectedCapacity = Math.max(1, connection.active + connection.capacity)
    if (this.#closed) connection.drain()
    else this.#offer(connection, false)
  }

  onGone(connection: UpstreamConnection, code: FailureCode, detail: string): void {
    const slot = this.#connections.get(connection)
    if (slot?.listed === true) {
      this.#ready.remove(slot)
      if (connection.active === 0) this.#idleGone(slot, code)
    }
    const neverCameUp = this.#forget(connection)
    const waiter = this.#next(true)
    if (waiter === undefined) return
    if (neverCameUp) this.#failWaiters(code, detail)
    else this.#openFor(this.#waiting.size)
  }

  get #mayOpen(): boolean {
    const { load } = this.#options
    const { connections, endpoint } = load.limits
    return this.#connections.size === 0 || (load.connections < connections && this.#connections.size < endpoint.connections)
  }

  #give(connection: UpstreamConnection, waiter: PoolWaiter): void {
    waiter.onConnection(connection)
    const most = this.#options.load.limits.requestsPerConnection
    if (most === 0) return
    const slot = this.#connections.get(connection)
    if (slot !== undefined && ++slot.served >= most) connection.drain()
  }

  /** As many more connections as so many waiters need beyond those that are coming up. */
  #openFor(waiters: number): void {
    while (waiters > this.#connecting * this.#expectedCapacity && this.#mayOpen && !this.#closed) this.#open(undefined)
  }

  #open(preface: Buffer | undefined, owner: UpstreamConnectionOwner = this): void {
    const { load, clock, connectTimeoutMs } = this.#options
    load.connections++
    load.connects++
    this.#connecting++
    const connection = this.#options.dial(owner, preface, this.#expectedCapacity)
    const slot = new Slot(connection)
    slot.connecting = clock.after(connectTimeoutMs, () => connection.destroy('connect_timeout'))
    this.#connections.set(connection, slot)
  }

  #up(connection: UpstreamConnection): void {
    const slot = this.#connections.get(connection) as Slot
    slot.connecting?.()
    slot.connecting = undefined
    this.#connecting--
  }

  /** Whether it never came up. */
  #forget(connection: UpstreamConnection): boolean {
    const slot = this.#connections.get(connection)
    if (slot === undefined) return false
    this.#connections.delete(connection)
    const { load } = this.#options
    load.connections--
    if (slot.connecting === undefined) return false
    slot.connecting()
    this.#connecting--
    load.connectFailures++
    return true
  }

  #takeIdle(): UpstreamConnection | undefined {
    const { oldest } = this.#ready
    if (oldest === undefined) return undefined
    // a limit that was learned just now is not waited out
    if (oldest.connection.active === 0 && this.#isOld(oldest)) this.#retire()
    const slot = this.#ready.newest
    if (slot === undefined) return undefined
    // it has room for this one and no more
    if (slot.connection.capacity <= 1) this.#ready.remove(slot)
    return slot.connection
  }

  #offer(connection: UpstreamConnection, isNew: boolean): void {
    while (connection.capacity > 0) {
      const waiter = this.#next(isNew)
      if (waiter === undefined) break
      this.cancel(waiter)
      this.#give(connection, waiter)
    }
    const slot = this.#connections.get(connection)
    if (slot !== undefined && connection.capacity > 0) this.#list(slot)
    // it took fewer than was hoped
    else if (this.#waiting.size > 0) this.#openFor(this.#waiting.size)
  }

  /** Whose turn it is. */
  #next(isNew: boolean): PoolWaiter | undefined {
    if (this.#choosy.size > 0) {
      if (isNew) return this.#choosy.values().next().value
      for (const waiter of this.#waiting) if (!this.#choosy.has(waiter)) return waiter
      return undefined
    }
    return this.#waiting.values().next().value
  }

  /** A connection did not come up: those that it was for fail. */
  #failWaiters(code: FailureCode, detail: string): void {
    for (let i = 0; i < this.#expectedCapacity; i++) {
      const waiter = this.#next(true)
      if (waiter === undefined) return
      this.#failWaiter(waiter, code, detail)
    }
  }

  #failWaiter(waiter: PoolWaiter, code: FailureCode, detail: string): void {
    this.cancel(waiter)
    waiter.onPoolFailure(code, detail)
  }

  /** It can take exchanges. One that has just lost its last becomes the newest; one that has others keeps its place. */
  #list(slot: Slot): void {
    if (slot.listed && slot.connection.active > 0) return
    slot.sinceMs = this.#options.clock.nowMs()
    this.#ready.add(slot)
    const { oldest } = this.#ready
    if (oldest === slot || (oldest as Slot).connection.active > 0) this.#watchOldest()
  }

  #isOld({ sinceMs }: Slot): boolean {
    return this.#options.clock.nowMs() - sinceMs >= this.#idleLimit.ms
  }

  /** Those that have been without an exchange for too long leave. */
  #retire(): void {
    for (let slot = this.#ready.oldestIdle(); slot !== undefined && this.#isOld(slot); slot = this.#ready.oldestIdle()) {
      this.#ready.remove(slot)
      slot.connection.drain()
    }
    this.#watchOldest()
  }

  #watchOldest(): void {
    const slot = this.#ready.oldestIdle()
    if (slot !== undefined) this.#alarm.set(slot.sinceMs + this.#idleLimit.ms)
  }

  /** Keep-Alive: timeout=N (RFC 2068 §19.7.1.1), which servers still send. */
  #listen({ keepAliveSeconds = -1 }: UpstreamConnection & { readonly keepAliveSeconds?: number }): void {
    if (keepAliveSeconds >= 0 && this.#idleLimit.announced(keepAliveSeconds)) this.#watchOldest()
  }

  /** By itself: it broke a rule, or the endpoint had enough of waiting. */
  #idleGone({ sinceMs }: Slot, code: FailureCode): void {
    if (code === 'upstream_protocol') this.#options.load.strays++
    else if (code !== 'draining' && this.#idleLimit.observed(this.#options.clock.nowMs() - sinceMs)) this.#watchOldest()
  }
}

// Connections to one endpoint. The one that was used last is used first, so that those that are not needed grow old and go; they go
// before the endpoint would close them.
// hot path: bench/macro
import type { UpstreamConnection, UpstreamConnectionOwner } from '../../codec/stream.ts'
import { Alarm } from '../../core/alarm.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { Load } from './load.ts'

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
  /** Opens a connection; `preface`: bytes to send first. */
  readonly dial: (
    owner: UpstreamConnectionOwner,
    preface: Buffer | undefined,
  ) => UpstreamConnection & { readonly keepAliveSeconds?: number }
  /** Exchanges that a connection still coming up will probably take. */
  readonly expectedCapacity: number
}

interface Idle {
  readonly connection: UpstreamConnection
  readonly sinceMs: number
}

/** Closing this long before the endpoint would: a request on its way must not meet the close. */
const MARGIN_MS = 1000
/** An endpoint that closes earlier than this says nothing about its idle timeout. */
const LEARN_FROM_MS = 1000
const LEARNED_SHARE = 0.8

export class Pool implements UpstreamConnectionOwner {
  readonly #options: PoolOptions
  /** Newest last. */
  readonly #idle: Idle[] = []
  /** Open or coming up, each with its connect timeout while coming up. */
  readonly #connections = new Map<UpstreamConnection, Cancel | undefined>()
  readonly #waiting = new Set<PoolWaiter>()
  /** Of these, who will not have a used one; for each a connection is coming up. */
  readonly #choosy = new Set<PoolWaiter>()
  readonly #alarm: Alarm
  #connecting = 0
  #idleLimitMs: number
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#idleLimitMs = options.idleTimeoutMs
    this.#alarm = new Alarm(options.clock, () => this.#retire())
  }

  get open(): number {
    return this.#connections.size
  }

  get idle(): number {
    return this.#idle.length
  }

  get pending(): number {
    return this.#waiting.size
  }

  /** `fresh`: a connection that nobody has used, because an old one has just failed. */
  acquire(waiter: PoolWaiter, fresh: boolean): void {
    const connection = fresh ? undefined : this.#takeIdle()
    if (connection !== undefined) {
      waiter.onConnection(connection)
      return
    }
    const { load } = this.#options
    const mayOpen = load.connections < load.limits.connections || this.#connections.size === 0
    const wants = fresh || this.#waiting.size >= this.#connecting * this.#options.expectedCapacity
    if (load.pending >= load.limits.pending && !(mayOpen && load.limits.pending === 0)) {
      load.overflows++
      waiter.onPoolFailure('overflow', 'too many requests wait for a connection')
      return
    }
    this.#waiting.add(waiter)
    load.pending++
    if (!wants || !mayOpen) return
    if (fresh) this.#choosy.add(waiter)
    this.#open(undefined)
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
    this.#idle.length = 0
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
    this.#learnAnnounced(connection)
    if (this.#closed) connection.drain()
    else this.#offer(connection, false)
  }

  onGone(connection: UpstreamConnection, code: FailureCode, detail: string): void {
    const idle = this.#takeOut(connection)
    if (idle !== undefined && code === 'upstream_protocol') this.#options.load.strays++
    else if (idle !== undefined) this.#learnObserved(idle)
    const neverCameUp = this.#forget(connection)
    const waiter = this.#next(true)
    if (waiter === undefined) return
    if (neverCameUp) this.#failWaiter(waiter, code, detail)
    else if (this.#waiting.size > this.#connecting) this.#open(undefined)
  }

  #open(preface: Buffer | undefined, owner: UpstreamConnectionOwner = this): void {
    const { load, clock, connectTimeoutMs } = this.#options
    load.connections++
    load.connects++
    this.#connecting++
    const connection = this.#options.dial(owner, preface)
    this.#connections.set(
      connection,
      clock.after(connectTimeoutMs, () => connection.destroy('connect_timeout')),
    )
  }

  #up(connection: UpstreamConnection): void {
    this.#connections.get(connection)?.()
    this.#connections.set(connection, undefined)
    this.#connecting--
  }

  /** Whether it never came up. */
  #forget(connection: UpstreamConnection): boolean {
    const cancel = this.#connections.get(connection)
    if (!this.#connections.delete(connection)) return false
    const { load } = this.#options
    load.connections--
    if (cancel === undefined) return false
    cancel()
    this.#connecting--
    load.connectFailures++
    return true
  }

  #takeIdle(): UpstreamConnection | undefined {
    const oldest = this.#idle[0]
    if (oldest === undefined) return undefined
    // a limit that was learned just now is not waited out
    if (this.#isOld(oldest)) this.#retire()
    const connection = this.#idle.at(-1)?.connection
    if (connection?.capacity === 1) this.#idle.pop()
    return connection
  }

  #offer(connection: UpstreamConnection, isNew: boolean): void {
    while (connection.capacity > 0) {
      const waiter = this.#next(isNew)
      if (waiter === undefined) break
      this.cancel(waiter)
      waiter.onConnection(connection)
    }
    if (connection.capacity === 0) return
    if (connection.capacity > 1) this.#takeOut(connection)
    const sinceMs = this.#options.clock.nowMs()
    this.#idle.push({ connection, sinceMs })
    if (this.#idle.length === 1) this.#watchOldest()
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

  #failWaiter(waiter: PoolWaiter, code: FailureCode, detail: string): void {
    this.cancel(waiter)
    waiter.onPoolFailure(code, detail)
  }

  #takeOut(connection: UpstreamConnection): Idle | undefined {
    const index = this.#idle.findIndex((idle) => idle.connection === connection)
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0]
  }

  #isOld({ sinceMs }: Idle): boolean {
    return this.#options.clock.nowMs() - sinceMs >= this.#idleLimitMs
  }

  #retire(): void {
    const firstYoung = this.#idle.findIndex((idle) => !this.#isOld(idle))
    const old = this.#idle.splice(0, firstYoung < 0 ? this.#idle.length : firstYoung)
    for (const { connection } of old) {
      if (connection.active === 0) connection.drain()
      else this.#idle.push({ connection, sinceMs: this.#options.clock.nowMs() })
    }
    this.#watchOldest()
  }

  #watchOldest(): void {
    const oldest = this.#idle[0]
    if (oldest !== undefined) this.#alarm.set(oldest.sinceMs + this.#idleLimitMs)
  }

  #learn(limitMs: number): void {
    if (limitMs >= this.#idleLimitMs) return
    this.#idleLimitMs = limitMs
    this.#watchOldest()
  }

  /** Keep-Alive: timeout=N (RFC 2068 §19.7.1.1), which servers still send. */
  #learnAnnounced(connection: UpstreamConnection & { readonly keepAliveSeconds?: number }): void {
    const seconds = connection.keepAliveSeconds ?? -1
    if (seconds >= 0) this.#learn(Math.max(seconds * 1000 - MARGIN_MS, (seconds * 1000) / 2))
  }

  #learnObserved(idle: Idle): void {
    const lastedMs = this.#options.clock.nowMs() - idle.sinceMs
    if (lastedMs >= LEARN_FROM_MS) this.#learn(Math.max(LEARN_FROM_MS, lastedMs * LEARNED_SHARE))
  }
}

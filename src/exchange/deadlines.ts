// The timeouts of one exchange, on one alarm: the whole of it, its life, the attempt's response head, hedging, and silence.
// hot path: bench/macro
import type { Alarm, AlarmPool } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'
import type { Timeouts } from '../routing/timeouts.ts'

/** Silence is looked for in steps of this share of the idle timeout: it strikes after 1 to 1¼ of it. */
const IDLE_STEPS = 4
/** How long a head may be held back for what follows it. */
const HOLD_MS = 200

export interface DeadlinesOwner {
  fail(code: FailureCode, detail: string): void
  /** It is a call whose length nobody can say, and has begun. */
  readonly streaming: boolean
  onAttemptTimeout(): void
  onHedge(): void
  onHeldLong(): void
}

export class Deadlines {
  /** To be raised with every byte that moves. */
  activity = 0
  readonly #clock: Clock
  readonly #alarms: AlarmPool
  readonly #owner: DeadlinesOwner
  #alarm: Alarm | undefined
  #wholeMs = Infinity
  /** When the time ends that the caller gave it, which streaming does not save it from. */
  #callerMs = Infinity
  #lifeMs = Infinity
  #attemptMs = Infinity
  #hedgeMs = Infinity
  #holdMs = Infinity
  #idleMs = 0
  /** When silence is looked for next. */
  #lookAtMs = Infinity
  #seen = 0
  #quietSteps = 0

  constructor(clock: Clock, alarms: AlarmPool, owner: DeadlinesOwner) {
    this.#clock = clock
    this.#alarms = alarms
    this.#owner = owner
  }

  /** `callerMs`: the time that the caller gave it; 0: none. */
  begin(startMs: number, { requestMs, idleMs, maxStreamMs }: Timeouts, callerMs: number): void {
    if (requestMs > 0) this.#wholeMs = startMs + requestMs
    if (maxStreamMs > 0) this.#lifeMs = startMs + maxStreamMs
    if (callerMs > 0) this.#callerMs = startMs + callerMs
    this.#watch(idleMs)
    this.#set()
  }

  /** Until the exchange must be over; Infinity: no limit. */
  leftMs(): number {
    return Math.min(this.#wholeMs, this.#lifeMs, this.#callerMs) - this.#clock.nowMs()
  }

  /** What of it may be told to whoever is called. gRPC holds streams to it as well, which the timeout of a route does not bind. */
  toldMs(grpc: boolean): number {
    return Math.min(grpc ? this.#callerMs : this.#wholeMs, this.#lifeMs) - this.#clock.nowMs()
  }

  attempt(timeoutMs: number): void {
    if (timeoutMs === 0) return
    this.#attemptMs = this.#clock.nowMs() + timeoutMs
    this.#set()
  }

  hedge(afterMs: number): void {
    if (afterMs === 0) return
    this.#hedgeMs = this.#clock.nowMs() + afterMs
    this.#set()
  }

  holdHead(): void {
    this.#holdMs = this.#clock.nowMs() + HOLD_MS
    this.#set()
  }

  /** The response head is there, and passed on. `streamIdleMs`: of a streaming call; -1: it is none. */
  answered(streamIdleMs: number): void {
    this.#attemptMs = Infinity
    this.#hedgeMs = Infinity
    this.#holdMs = Infinity
    this.activity++
    if (streamIdleMs >= 0 && streamIdleMs !== this.#idleMs) {
      this.#watch(streamIdleMs)
      this.#set()
    }
  }

  /** Only silence and the longest life end it from now on. */
  tunnel(idleMs: number): void {
    this.#wholeMs = Infinity
    this.#watch(idleMs)
    this.#set()
  }

  close(): void {
    if (this.#alarm !== undefined) this.#alarms.give(this.#alarm)
    this.#alarm = undefined
  }

  #watch(idleMs: number): void {
    this.#idleMs = idleMs
    this.#quietSteps = 0
    this.#seen = this.activity
    this.#lookAtMs = idleMs > 0 ? this.#clock.nowMs() + idleMs / IDLE_STEPS : Infinity
  }

  #set(): void {
    const early = Math.min(this.#attemptMs, this.#hedgeMs, this.#holdMs)
    const nextMs = Math.min(this.#wholeMs, this.#callerMs, this.#lifeMs, this.#lookAtMs, early)
    if (nextMs === Infinity) return
    this.#alarm ??= this.#alarms.take(() => this.#rang())
    this.#alarm.set(nextMs)
  }

  #rang(): void {
    const nowMs = this.#clock.nowMs()
    if (this.#strike(nowMs)) return
    if (nowMs >= this.#holdMs) {
      this.#holdMs = Infinity
      this.#owner.onHeldLong()
    }
    if (nowMs >= this.#hedgeMs) {
      this.#hedgeMs = Infinity
      this.#owner.onHedge()
    }
    if (nowMs >= this.#attemptMs) {
      this.#attemptMs = Infinity
      this.#owner.onAttemptTimeout()
    }
    // unless one of these was the end
    if (this.#alarm !== undefined) this.#set()
  }

  /** Whether this is the end of the exchange. */
  #strike(nowMs: number): boolean {
    const owner = this.#owner
    if (nowMs >= this.#wholeMs && owner.streaming) this.#wholeMs = Infinity
    if (nowMs >= this.#wholeMs || nowMs >= this.#callerMs)
      owner.fail('request_timeout', 'the exchange took longer than its timeout')
    else if (nowMs >= this.#lifeMs) owner.fail('request_timeout', 'the exchange lived longer than it may')
    else if (nowMs >= this.#lookAtMs && this.#isIdle(nowMs))
      owner.fail('upstream_idle', 'not a byte for longer than the idle timeout')
    else return false
    return true
  }

  #isIdle(nowMs: number): boolean {
    this.#lookAtMs = nowMs + this.#idleMs / IDLE_STEPS
    this.#quietSteps = this.activity === this.#seen ? this.#quietSteps + 1 : 0
    this.#seen = this.activity
    return this.#quietSteps >= IDLE_STEPS
  }
}

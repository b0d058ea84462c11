// The timeouts of one exchange, on one alarm: the whole of it, the attempt's response head, and silence.
// hot path: bench/macro
import type { Alarm, AlarmPool } from '../core/alarm.ts'
import type { Clock } from '../core/clock.ts'
import type { FailureCode } from '../core/failures.ts'

/** Silence is looked for in steps of this share of the idle timeout: it strikes after 1 to 1¼ of it. */
const IDLE_STEPS = 4

export class Deadlines {
  /** To be raised with every byte that moves. */
  activity = 0
  readonly #clock: Clock
  readonly #alarms: AlarmPool
  readonly #owner: { fail(code: FailureCode, detail: string): void }
  #alarm: Alarm | undefined
  #wholeMs = Infinity
  #attemptMs = Infinity
  #idleMs = 0
  /** When silence is looked for next. */
  #lookAtMs = Infinity
  #seen = 0
  #quietSteps = 0

  constructor(clock: Clock, alarms: AlarmPool, owner: { fail(code: FailureCode, detail: string): void }) {
    this.#clock = clock
    this.#alarms = alarms
    this.#owner = owner
  }

  /** Milliseconds; 0: none. */
  begin(startMs: number, timeoutMs: number, idleMs: number): void {
    if (timeoutMs > 0) this.#wholeMs = startMs + timeoutMs
    this.#watch(idleMs)
    if (timeoutMs > 0 || idleMs > 0) this.#set()
  }

  attempt(timeoutMs: number): void {
    if (timeoutMs === 0) return
    this.#attemptMs = this.#clock.nowMs() + timeoutMs
    this.#set()
  }

  /** The response head is there. */
  answered(): void {
    this.#attemptMs = Infinity
    this.activity++
  }

  /** Only silence ends it from now on. */
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
    this.#alarm ??= this.#alarms.take(() => this.#rang())
    this.#alarm.set(Math.min(this.#wholeMs, this.#attemptMs, this.#lookAtMs))
  }

  #rang(): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs >= this.#wholeMs) this.#owner.fail('request_timeout', 'the exchange took longer than its timeout')
    else if (nowMs >= this.#attemptMs) this.#owner.fail('attempt_timeout', 'the response head took longer than its timeout')
    else if (nowMs >= this.#lookAtMs && this.#isIdle(nowMs))
      this.#owner.fail('upstream_idle', 'not a byte for longer than the idle timeout')
    else this.#set()
  }

  #isIdle(nowMs: number): boolean {
    this.#lookAtMs = nowMs + this.#idleMs / IDLE_STEPS
    this.#quietSteps = this.activity === this.#seen ? this.#quietSteps + 1 : 0
    this.#seen = this.activity
    return this.#quietSteps >= IDLE_STEPS
  }
}

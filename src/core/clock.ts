// Time and chance as arguments: nothing else in the project reads the clock, sets a timer or draws a random number.

export type Cancel = () => void

export interface Clock {
  /** Monotonic milliseconds with a fraction; only differences mean anything. */
  nowMs(): number
  /** Milliseconds since the epoch, for logs. */
  wallMs(): number
  /** Runs once after at least `ms`; does not keep the process alive. */
  after(ms: number, run: () => void): Cancel
  /** Runs again and again; does not keep the process alive. */
  every(ms: number, run: () => void): Cancel
  /** 0 ≤ x < 1. */
  random(): number
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  every(ms, run) {
    const timer = setInterval(run, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
  random: () => Math.random(),
}

// A simulated service and the sidecars that call it: Poisson traffic, endpoints that serve at random times, and faults that come and go.
import { SimulatedClock } from './clock.ts'
import { type Answer, reached, SimulatedSidecar } from './sidecar.ts'

export type Fault = 'none' | 'one-slow' | 'zone-lost' | 'all-failing'

export interface Setting {
  readonly seed: number
  readonly endpoints: number
  readonly sidecars: number
  readonly balance: string
  readonly fault: Fault
  /** Of all sidecars together. */
  readonly requestsPerSecond: number
  readonly beforeMs: number
  readonly faultMs: number
  readonly afterMs: number
  /** Further settings of the service. */
  readonly service?: Record<string, unknown>
}

export interface Result {
  readonly requests: number
  /** Shares of requests answered well. */
  readonly successBefore: number
  readonly successDuring: number
  readonly successAfter: number
  /** Attempts that endpoints had to do with for each request, while the fault lasted. */
  readonly amplification: number
  /** From the end of the fault until nearly all requests are answered well again. */
  readonly recoveryMs: number
  /** Attempts at the busiest endpoint, times those of the mean one, over the time without a fault. */
  readonly spread: number
}

const ZONES = ['a', 'b', 'c'] as const
const MEAN_MS = 50
const SLOW_MS = 900
const FAIL_MS = 50
const WINDOW_MS = 250
const RECOVERED = 0.999

interface Window {
  good: number
  all: number
}

export async function simulate(setting: Setting): Promise<Result> {
  const { endpoints, sidecars, beforeMs, faultMs, afterMs } = setting
  const clock = new SimulatedClock(setting.seed)
  const endMs = beforeMs + faultMs + afterMs
  const list = Array.from({ length: endpoints }, (_, i) => ({
    address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:80`,
    zone: ZONES[i % ZONES.length] as string,
  }))
  const zoneOf = new Map(list.map(({ address, zone }) => [address, zone]))
  const served = new Map<string, number>(list.map(({ address }) => [address, 0]))
  const slow = list[0]?.address
  const inFault = (): boolean => clock.nowMs() >= beforeMs && clock.nowMs() < beforeMs + faultMs
  let attemptsDuring = 0
  const send = (address: string): Answer => {
    const answer = inFault() ? faulty(setting.fault, address === slow, zoneOf.get(address) === 'a', clock) : healthy(clock)
    if (inFault() && reached(answer)) attemptsDuring++
    if (!inFault()) served.set(address, (served.get(address) as number) + 1)
    return answer
  }
  const service = { balance: setting.balance, endpoints: list, limits: { requests: 100_000 }, ...setting.service }
  const all = Array.from({ length: sidecars }, (_, i) => {
    return new SimulatedSidecar({ clock, service, zone: ZONES[i % ZONES.length] as string, send })
  })
  const windows: Window[] = []
  const meanGapMs = (1000 * sidecars) / setting.requestsPerSecond
  for (const sidecar of all) {
    const next = (): void => {
      const window = (windows[Math.floor(clock.nowMs() / WINDOW_MS)] ??= { good: 0, all: 0 })
      window.all++
      sidecar.request(Math.floor(clock.random() * 1_000_000), (good) => (window.good += good ? 1 : 0))
      clock.after(-Math.log(1 - clock.random()) * meanGapMs, next)
    }
    clock.after(clock.random() * meanGapMs, next)
  }
  await clock.runUntil(endMs)
  for (const sidecar of all) sidecar.close()
  // those of the last moments are still under way
  const share = (fromMs: number, toMs: number): number => {
    const part = windows.slice(fromMs / WINDOW_MS, Math.floor(Math.min(toMs, endMs - 2000) / WINDOW_MS))
    return sum(part, 'good') / Math.max(1, sum(part, 'all'))
  }
  const during = windows.slice(beforeMs / WINDOW_MS, (beforeMs + faultMs) / WINDOW_MS)
  const counts = [...served.values()]
  return {
    requests: sum(windows, 'all'),
    successBefore: share(0, beforeMs),
    successDuring: share(beforeMs, beforeMs + faultMs),
    successAfter: share(beforeMs + faultMs, endMs),
    amplification: attemptsDuring / Math.max(1, sum(during, 'all')),
    recoveryMs: recovery(windows.slice((beforeMs + faultMs) / WINDOW_MS)),
    spread: Math.max(...counts) / (counts.reduce((total, count) => total + count, 0) / counts.length),
  }
}

function healthy(clock: SimulatedClock): Answer {
  return { ms: MEAN_MS * (0.5 - Math.log(1 - clock.random()) / 2), status: 200 }
}

function faulty(fault: Fault, isSlow: boolean, isLost: boolean, clock: SimulatedClock): Answer {
  if (fault === 'one-slow' && isSlow) return { ms: SLOW_MS, status: 200 }
  if (fault === 'zone-lost' && isLost) return { ms: 1, status: 0, code: 'connect_failed' }
  if (fault === 'all-failing') return { ms: FAIL_MS * (0.5 + clock.random()), status: 503 }
  return healthy(clock)
}

function sum(windows: readonly (Window | undefined)[], key: keyof Window): number {
  return windows.reduce((total, window) => total + (window?.[key] ?? 0), 0)
}

function recovery(windows: readonly (Window | undefined)[]): number {
  const index = windows.findIndex((window) => window !== undefined && window.good / window.all >= RECOVERED)
  return index < 0 ? Infinity : index * WINDOW_MS
}

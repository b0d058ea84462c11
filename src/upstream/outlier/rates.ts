// Shares of successes, and which of them are far below the others.
import type { Endpoint } from '../endpoint.ts'
import type { Tally } from './monitor.ts'

export interface Rate {
  readonly endpoint: Endpoint
  readonly requests: number
  /** Successes. */
  readonly percent: number
}

/** undefined: without a request there is none. */
export function rateOf(endpoint: Endpoint, { requests, successes }: Tally): Rate | undefined {
  return requests === 0 ? undefined : { endpoint, requests, percent: (successes * 100) / requests }
}

/** Whether one of them is more than so many standard deviations below the mean. There must be some. */
export function isFarBelow(rates: readonly Rate[], deviations: number): (rate: Rate) => boolean {
  const mean = rates.reduce((sum, { percent }) => sum + percent, 0) / rates.length
  const variance = rates.reduce((sum, { percent }) => sum + (percent - mean) ** 2, 0) / rates.length
  const threshold = mean - deviations * Math.sqrt(variance)
  return ({ percent }) => percent < threshold
}

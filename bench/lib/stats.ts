// Medians and spreads of a few noisy figures.

/** What the rounds of one figure say: spread is (max - min) / median. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly samples: readonly number[]
}

export function summarize(samples: readonly number[]): Summary {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples }
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/**
 * Round by round, ours over theirs: what both rounds suffered from the machine falls out. A difference that noise made negative has no
 * ratio; its round is left out.
 */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  const rounds = Math.min(ours.length, theirs.length)
  const pairs = Array.from({ length: rounds }, (_, i) => [ours[i] as number, theirs[i] as number] as const)
  return pairs.filter(([a, b]) => a > 0 && b > 0).map(([a, b]) => a / b)
}

/** The share `quantile` of the sorted values is at or below the result. */
export function percentile(sorted: ArrayLike<number>, quantile: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * quantile) - 1)] as number
}

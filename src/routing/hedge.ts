// Attempts beside each other, as the data path uses it.
import type { HedgeConfig } from '../config/schema/retries.ts'

export interface Hedge {
  /** Milliseconds without a response head until a further attempt is sent; 0: none for that. */
  readonly afterMs: number
  readonly onAttemptTimeout: boolean
  /** Under way at once. */
  readonly attempts: number
}

export function compileHedge({ after, onAttemptTimeout, attempts }: HedgeConfig): Hedge {
  return { afterMs: after ?? 0, onAttemptTimeout, attempts }
}

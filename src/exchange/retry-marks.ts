// What sidecars tell each other of retries: that an attempt is one, so that the next one down does not multiply it, and that a reply is the
// sidecar's own for a request that nobody processed, so that the one before may send it elsewhere, whatever its method.
import type { RequestHead, ResponseHead } from '../codec/message.ts'

/** As Envoy counts, from 1. */
const ATTEMPT_COUNT = 'x-envoy-attempt-count'
/** On a local reply to a request that was not processed. */
export const UNPROCESSED = 'x-outrigger-unprocessed'

/** `nth`: from 1. The first one carries no mark but one that it came with. */
export function markAttempt(request: RequestHead, nth: number): void {
  if (nth > 1) request.fields.set(ATTEMPT_COUNT, String(nth))
}

/** Whoever sent it is repeating it already. `ours`: the mark that it carries now is our own. */
export function isMarkedRetry({ fields }: RequestHead, ours: boolean): boolean {
  if (ours) return false
  const count = fields.get(ATTEMPT_COUNT)
  return count !== undefined && count !== '1'
}

export function isUnprocessedReply({ status, fields }: ResponseHead): boolean {
  return (status === 503 || status === 200) && fields.has(UNPROCESSED)
}

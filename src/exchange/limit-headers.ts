// Rate limits of one request: taken together, and told to the caller.
import type { RequestHead } from '../codec/message.ts'
import type { Fields } from '../core/fields.ts'
import type { FieldChange } from '../routing/edits.ts'
import type { LimitCaller, RateLimiter } from '../routing/rate-limit.ts'

export interface Taken {
  readonly refused: boolean
  /** What the response says of the limit that is nearest. */
  readonly told: FieldChange
}

/** Takes from every bucket, or from none. */
export function takeTokens(limits: readonly RateLimiter[], head: RequestHead, caller: LimitCaller, nowMs: number): Taken {
  let scarcest = limits[0] as RateLimiter
  let bucket = ''
  let left = Infinity
  const buckets: string[] = []
  for (const limiter of limits) {
    const field = limiter.header === '' ? '' : (head.fields.get(limiter.header) ?? '')
    const own = limiter.bucketOf(caller, field, nowMs)
    const ownLeft = limiter.left(own, nowMs)
    buckets.push(own)
    if (ownLeft >= left) continue
    left = ownLeft
    scarcest = limiter
    bucket = own
  }
  const refused = left < 1
  if (!refused) for (const [i, limiter] of limits.entries()) limiter.take(buckets[i] as string, nowMs)
  return { refused, told: new LimitTold(scarcest, bucket, { waitMs: refused ? scarcest.waitMs(bucket, nowMs) : 0, nowMs }) }
}

/** As Envoy tells it, after draft-ietf-httpapi-ratelimit-headers-03: X-RateLimit-*, in seconds. */
class LimitTold implements FieldChange {
  readonly #limit: string
  readonly #left: string
  readonly #reset: string
  /** '': the request was let through. */
  readonly #retryAfter: string

  constructor(limiter: RateLimiter, bucket: string, { waitMs, nowMs }: { waitMs: number; nowMs: number }) {
    this.#limit = `${limiter.requests}, ${limiter.requests};w=${seconds(limiter.perMs)}`
    this.#left = String(Math.max(0, limiter.left(bucket, nowMs)))
    this.#reset = String(seconds(limiter.busyMs(bucket, nowMs)))
    this.#retryAfter = waitMs > 0 ? String(seconds(waitMs)) : ''
  }

  applyTo(fields: Fields): void {
    fields.set('x-ratelimit-limit', this.#limit)
    fields.set('x-ratelimit-remaining', this.#left)
    fields.set('x-ratelimit-reset', this.#reset)
    if (this.#retryAfter === '') return
    fields.set('retry-after', this.#retryAfter)
    fields.set('x-envoy-ratelimited', 'true')
  }
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000))
}

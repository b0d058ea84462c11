// Where a balancer that places requests by hash puts this one, and the cookie that keeps its caller there.
import type { RequestHead } from '../codec/message.ts'
import type { Clock } from '../core/clock.ts'
import { hashOf, type RequestHash } from '../upstream/balance/request-hash.ts'
import type { Hash } from '../upstream/balance/xxhash.ts'

export interface Placement {
  readonly hash: Hash | undefined
  /** A Set-Cookie field for the response; '': none. */
  readonly cookie: string
}

export function placementOf(
  by: RequestHash,
  { request, remoteIp }: { readonly request: RequestHead | undefined; readonly remoteIp: string },
  clock: Clock,
): Placement {
  const hash = by.of(request, remoteIp)
  if (hash !== undefined || by.newCookie === null) return { hash, cookie: '' }
  const value = [0, 1, 2, 3]
    .map(() =>
      Math.floor(clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('')
  return { hash: hashOf(value), cookie: by.newCookie(value) }
}

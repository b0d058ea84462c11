// A copy of a request on its way to a mirror. It is sent as it comes and never waited for: what the mirror does not take in time, or
// can't hold, is dropped, and what it answers is thrown away.
import type { RequestHead } from '../codec/message.ts'
import {
  FULL,
  type UpstreamConnection,
  type UpstreamReceiver,
  type UpstreamStream,
  WRITTEN,
  type WriteResult,
} from '../codec/stream.ts'
import type { Address } from '../core/address.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Fields } from '../core/fields.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { PoolWaiter } from '../upstream/pool/pool.ts'
import type { Service } from '../upstream/service.ts'
import type { BodyTap } from './body-tap.ts'

export type MirrorResult = 'answered' | 'failed' | 'dropped'

export interface MirroredOptions {
  readonly service: Service
  readonly head: RequestHead
  readonly clock: Clock
  readonly timeoutMs: number
  /** Whether a policy lets this endpoint be reached. */
  readonly mayReach: (target: Address) => boolean
  /** What its connection begins with; undefined: nothing. */
  readonly preface: Buffer | undefined
  /** Told once. */
  readonly onEnd: (result: MirrorResult) => void
}

const MARK = 'x-outrigger-mirror'
/** Bytes that may wait for a slow mirror. */
const MAX_WAITING = 131_072

export class Mirrored implements BodyTap, PoolWaiter, UpstreamReceiver {
  readonly #options: MirroredOptions
  #endpoint: Endpoint | undefined
  #stream: UpstreamStream | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #full = false
  #ended = false
  #trailers: Fields | undefined
  #over = false
  #cancel: Cancel | undefined

  constructor(options: MirroredOptions) {
    this.#options = options
  }

  start(): void {
    const { service, head, clock, timeoutMs, mayReach, preface } = this.#options
    const endpoint = service.pick()
    if (endpoint === undefined || !mayReach(endpoint.target) || !service.load.enter()) {
      this.#over = true
      this.#options.onEnd('dropped')
      return
    }
    this.#endpoint = endpoint
    endpoint.active++
    this.#cancel = clock.after(timeoutMs, () => this.#drop('failed'))
    const pool = service.poolOf(endpoint, service.speaks(head))
    if (preface === undefined) pool.acquire(this, false)
    else pool.acquireOnce(this, preface)
  }

  // from the exchange

  take(chunk: Uint8Array): boolean {
    if (this.#over) return true
    const copy = Buffer.from(chunk)
    if (this.#stream !== undefined && !this.#full) this.#full = this.#stream.write(copy) === FULL
    else {
      this.#waiting.push(copy)
      this.#waitingBytes += copy.length
      if (this.#waitingBytes > MAX_WAITING) this.#drop('dropped')
    }
    return true
  }

  end(trailers: Fields | undefined): void {
    this.#ended = true
    this.#trailers = trailers
    this.#flush()
  }

  /** The copy of half a request is worth nothing; a whole one goes its way. */
  close(): void {
    if (!this.#ended) this.#drop('dropped')
  }

  // from the pool and its connection

  onConnection(connection: UpstreamConnection): void {
    const stream = connection.begin(this)
    if (this.#over) return stream.abort()
    this.#stream = stream
    const bare = this.#ended && this.#waiting.length === 0 && this.#trailers === undefined
    stream.send(this.#options.head, bare)
    if (!bare) this.#flush()
  }

  onPoolFailure(): void {
    this.#finish('failed')
  }

  onInform(): void {}

  onResponse(_: unknown, end: boolean): void {
    if (end) this.#answered()
  }

  onResponseData(): WriteResult {
    return WRITTEN
  }

  onResponseEnd(): void {
    this.#answered()
  }

  onRequestDrain(): void {
    this.#full = false
    this.#flush()
  }

  onUpstreamFailure(): void {
    this.#stream = undefined
    this.#finish('failed')
  }

  /** It may not have asked for the whole body. */
  #answered(): void {
    const stream = this.#ended && this.#waiting.length === 0 ? undefined : this.#stream
    this.#finish('answered')
    stream?.abort()
  }

  #flush(): void {
    const stream = this.#stream
    if (stream === undefined || this.#over) return
    while (!this.#full && this.#waiting.length > 0) {
      const chunk = this.#waiting.shift() as Uint8Array
      this.#waitingBytes -= chunk.length
      this.#full = stream.write(chunk) === FULL
      // a failure may come out of writing
      if (this.#stream !== stream) return
    }
    if (this.#ended && this.#waiting.length === 0) stream.end(this.#trailers)
  }

  #drop(result: MirrorResult): void {
    if (this.#over) return
    const { service, head } = this.#options
    const stream = this.#stream
    if (stream === undefined && this.#endpoint !== undefined) service.poolOf(this.#endpoint, service.speaks(head)).cancel(this)
    this.#finish(result)
    stream?.abort()
  }

  #finish(result: MirrorResult): void {
    if (this.#over) return
    this.#over = true
    this.#stream = undefined
    this.#waiting = []
    this.#cancel?.()
    if (this.#endpoint !== undefined) this.#endpoint.active--
    this.#options.service.load.leave()
    this.#options.onEnd(result)
  }
}

/** A copy is not copied again: services that mirror each other would never end. */
export function isCopy({ fields }: RequestHead): boolean {
  return fields.has(MARK)
}

/** The same request as its mirror is told it: it knows that it is a copy. */
export function mirrorHead(head: RequestHead): RequestHead {
  const fields = head.fields.copy()
  fields.remove('expect')
  fields.set(MARK, 'true')
  const copy = { ...head, fields, authority: shadow(head.authority), expectsContinue: false }
  if (fields.has('host')) fields.set('Host', copy.authority)
  return copy
}

/** As Envoy marks it: 'catalog.shop-shadow:80'. */
function shadow(authority: string): string {
  if (authority.startsWith('[')) return authority
  const colon = authority.indexOf(':')
  const split = colon < 0 ? authority.length : colon
  return `${authority.slice(0, split)}-shadow${authority.slice(split)}`
}

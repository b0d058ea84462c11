// An error-rate circuit breaker on opossum, the only file that knows it. Its time is the Clock's: what counts as recent is rotated from
// outside, and it half-opens when it is told to.
import { EventEmitter } from 'node:events'
import CircuitBreaker from 'opossum'
import type { ServiceConfig } from '../../config/schema/services.ts'
import type { Cancel, Clock } from '../../core/clock.ts'

export type BreakerConfig = NonNullable<ServiceConfig['breaker']>
export type BreakerState = 'closed' | 'open' | 'half-open'

const BUCKETS = 10
/** Far more than the Clock's own timer: opossum would half-open by itself. */
const NEVER_MS = 2_147_483_647
const FAILED = new Error('the call failed')

/** One call through a breaker: exactly one of these, once. */
export interface Call {
  succeeded(): void
  failed(): void
  /** Nobody will know how it would have ended. */
  givenUp(): void
}

/** Moves the windows of many breakers on, with one timer. */
export class Rotation {
  readonly emitter = new EventEmitter().setMaxListeners(0)
  readonly #cancel: Cancel

  constructor({ window }: BreakerConfig, clock: Clock) {
    this.#cancel = clock.every(Math.max(1, window / BUCKETS), () => this.emitter.emit('rotate'))
  }

  close(): void {
    this.#cancel()
  }
}

export interface BreakerDeps {
  readonly clock: Clock
  readonly rotation: Rotation
  readonly onState: (state: BreakerState) => void
}

export class Breaker {
  readonly #config: BreakerConfig
  readonly #deps: BreakerDeps
  #circuit: CircuitBreaker<[Pending]>
  #reset: Cancel | undefined

  constructor(config: BreakerConfig, deps: BreakerDeps) {
    this.#config = config
    this.#deps = deps
    this.#circuit = this.#make()
  }

  get state(): BreakerState {
    if (this.#circuit.opened) return 'open'
    return this.#circuit.halfOpen ? 'half-open' : 'closed'
  }

  /** undefined: it refuses. Half-open, it lets one through until that one has ended. */
  begin(): Call | undefined {
    const circuit = this.#circuit
    if (!circuit.closed && !circuit.pendingClose) return undefined
    const pending = new Pending(circuit)
    circuit.fire(pending).catch(ignore)
    return pending
  }

  close(): void {
    this.#reset?.()
    this.#circuit.shutdown()
  }

  /** `halfOpen`: it lets a single call through. */
  #make(halfOpen = false): CircuitBreaker<[Pending]> {
    const { errorPercent, volume, window } = this.#config
    const circuit = new CircuitBreaker<[Pending]>(({ end }) => end, {
      timeout: false,
      resetTimeout: NEVER_MS,
      errorThresholdPercentage: errorPercent,
      volumeThreshold: volume,
      rollingCountTimeout: window,
      rollingCountBuckets: BUCKETS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.#deps.rotation.emitter,
      ...(halfOpen ? { state: { enabled: true, closed: false, halfOpen: true } } : {}),
    })
    circuit.on('open', () => this.#opened())
    circuit.on('close', () => this.#closed())
    return circuit
  }

  #opened(): void {
    const { clock, onState } = this.#deps
    this.#reset?.()
    this.#reset = clock.after(this.#config.reset, () => {
      this.#reset = undefined
      const former = this.#circuit
      this.#circuit = this.#make(true)
      former.shutdown()
      onState('half-open')
    })
    onState('open')
  }

  /** What was counted while it failed is no reason to open again. */
  #closed(): void {
    const former = this.#circuit
    this.#circuit = this.#make()
    former.shutdown()
    this.#deps.onState('closed')
  }
}

/** A call as opossum waits for it: it hears of the end one turn of the microtask queue later. */
class Pending implements Call {
  readonly end: Promise<void>
  readonly #circuit: { readonly halfOpen: boolean }
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void

  constructor(circuit: { readonly halfOpen: boolean }) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.end = promise
    this.#circuit = circuit
    this.#resolve = resolve
    this.#reject = reject
  }

  succeeded(): void {
    this.#resolve()
  }

  failed(): void {
    this.#reject(FAILED)
  }

  /** A probe that says nothing is no reason to close. */
  givenUp(): void {
    if (this.#circuit.halfOpen) this.failed()
    else this.succeeded()
  }
}

function ignore(): void {}

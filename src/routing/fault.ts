// Faults made on purpose: which requests are held or answered instead of being sent.
import type { RequestHead } from '../codec/message.ts'
import type { FaultConfig } from '../config/schema/route-guards.ts'
import { type Condition, holdAll } from './conditions.ts'

export interface Abort {
  /** HTTP status; 0: gRPC. */
  readonly status: number
  readonly grpcStatus: number
}

const WHOLE = /^\d{1,9}$/
const HTTP_STATUS = /^[2-5]\d\d$/
const GRPC_STATUS = /^(?:\d|1[0-6])$/
const DELAY = 'x-envoy-fault-delay-request'
const ABORT = 'x-envoy-fault-abort-request'
const ABORT_GRPC = 'x-envoy-fault-abort-grpc-request'

export class Fault {
  readonly #config: FaultConfig
  readonly #conditions: readonly Condition[]
  readonly #random: () => number

  constructor(config: FaultConfig, conditions: readonly Condition[], random: () => number) {
    this.#config = config
    this.#conditions = conditions
    this.#random = random
  }

  applies(head: RequestHead): boolean {
    return holdAll(this.#conditions, head, '')
  }

  /** Milliseconds to hold this request; 0: none. */
  delayOf(head: RequestHead): number {
    const { delay, byHeader } = this.#config
    const asked = byHeader ? head.fields.get(DELAY) : undefined
    const ms = asked !== undefined && WHOLE.test(asked) ? Number(asked) : (delay?.time ?? 0)
    return ms > 0 && this.#strikes(head, DELAY, delay?.percent) ? ms : 0
  }

  /** How to answer this request; undefined: not at all. */
  abortOf(head: RequestHead): Abort | undefined {
    const asked = this.#config.byHeader ? askedAbort(head) : undefined
    const { abort } = this.#config
    if (asked !== undefined) return this.#strikes(head, ABORT, abort?.percent) ? asked : undefined
    if (abort === undefined || !this.#strikes(head, ABORT, abort.percent)) return undefined
    return { status: abort.status ?? 0, grpcStatus: abort.grpcStatus ?? 0 }
  }

  /** Whether every request like this one is answered so: for `explain`. */
  abortsAlways(head: RequestHead): boolean {
    const asked = this.#config.byHeader && askedAbort(head) !== undefined
    return (asked || this.#config.abort !== undefined) && this.#shareOf(head, ABORT, this.#config.abort?.percent) >= 100
  }

  /** Callers may ask for less than the configuration says, never for more. */
  #shareOf(head: RequestHead, field: string, percent = 100): number {
    const asked = this.#config.byHeader ? head.fields.get(`${field}-percentage`) : undefined
    return asked !== undefined && WHOLE.test(asked) ? Math.min(Number(asked), percent) : percent
  }

  #strikes(head: RequestHead, field: string, percent: number | undefined): boolean {
    const share = this.#shareOf(head, field, percent)
    return share >= 100 || (share > 0 && this.#random() * 100 < share)
  }
}

function askedAbort({ fields }: RequestHead): Abort | undefined {
  const http = fields.get(ABORT)
  if (http !== undefined && HTTP_STATUS.test(http)) return { status: Number(http), grpcStatus: 0 }
  const grpc = fields.get(ABORT_GRPC)
  return grpc !== undefined && GRPC_STATUS.test(grpc) ? { status: 0, grpcStatus: Number(grpc) } : undefined
}

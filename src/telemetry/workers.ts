// With several workers, the primary answers scrapes for all of them. A worker that is gone or late keeps what it last said: a counter
// must not go back.
import type { Clock } from '../core/clock.ts'
import { Merged, type MetricsSnapshot, mergedText } from './merge.ts'
import type { Metrics } from './metrics.ts'

/** A worker as node:cluster has it in the primary, or `process` in the worker. */
export interface Channel {
  send?(message: unknown, sent: (error: Error | null) => void): unknown
  on(event: 'message', told: (message: unknown) => void): unknown
}

const ASK = 'outrigger:metrics?'
const TELL = 'outrigger:metrics'
const PATIENCE_MS = 1000

interface Message {
  readonly type: string
  readonly id: number
  readonly snapshot?: MetricsSnapshot
}

/** In a worker: answers the primary. */
export function answerPrimary(channel: Channel, metrics: Metrics): void {
  channel.on('message', (message) => {
    if (!isMessage(message, ASK)) return
    void metrics.snapshot().then((snapshot) => send(channel, { type: TELL, id: message.id, snapshot }))
  })
}

interface Worker {
  readonly channel: Channel
  last: MetricsSnapshot | undefined
  /** Number of the question that it has answered last. */
  answered: number
}

/** In the primary: asks the workers. */
export class WorkerMetrics {
  readonly #own: Metrics
  readonly #clock: Clock
  readonly #workers = new Map<Channel, Worker>()
  /** What workers that have gone had counted. */
  readonly #gone = new Merged()
  readonly #waiting = new Set<() => void>()
  #question = 0

  /** `own`: the numbers of the primary itself. */
  constructor(own: Metrics, clock: Clock) {
    this.#own = own
    this.#clock = clock
  }

  add(channel: Channel): void {
    const worker: Worker = { channel, last: undefined, answered: 0 }
    this.#workers.set(channel, worker)
    channel.on('message', (message) => {
      if (!isMessage(message, TELL) || message.snapshot === undefined) return
      worker.last = message.snapshot
      worker.answered = message.id
      for (const told of this.#waiting) told()
    })
  }

  /** A worker has exited. */
  remove(channel: Channel): void {
    const worker = this.#workers.get(channel)
    if (worker?.last !== undefined) this.#gone.add(worker.last, true)
    this.#workers.delete(channel)
    for (const told of this.#waiting) told()
  }

  /** As `Metrics.text`, for all of them. */
  async *text(): AsyncGenerator<string, void, undefined> {
    await this.#ask()
    const workers = [...this.#workers.values()].map(({ last }) => last).filter((last) => last !== undefined)
    yield* mergedText([await this.#own.snapshot(), this.#gone.snapshot(), ...workers])
  }

  #ask(): Promise<void> {
    const id = ++this.#question
    for (const { channel } of this.#workers.values()) send(channel, { type: ASK, id })
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#waiting.delete(told)
        resolve()
      }
      const told = (): void => {
        if ([...this.#workers.values()].every(({ answered }) => answered >= id)) done()
      }
      const cancel = this.#clock.after(PATIENCE_MS, done)
      this.#waiting.add(told)
      told()
    })
  }
}

/** A channel that has closed is told of by the exit of its process. */
function send(channel: Channel, message: Message): void {
  channel.send?.(message, () => {})
}

function isMessage(message: unknown, type: string): message is Message {
  return typeof message === 'object' && message !== null && (message as Partial<Message>).type === type
}

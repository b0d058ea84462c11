// Compiles configuration in a thread of its own: the data path does not stand still meanwhile, and the parser, the schema and all dialects
// are not in memory while nothing changes.
import module from 'node:module'
import { Worker } from 'node:worker_threads'
import type { Cancel, Clock } from '../core/clock.ts'
import type { CompileOrder, Compiler } from './compiler.ts'
import type { LoadResult } from './load.ts'
import { Problems } from './problem.ts'

/** Changes come in flocks. */
const STAYS_MS = 10_000
const LARGE_BYTES = 65_536

export class CompileThread implements Compiler {
  readonly #program: URL
  readonly #clock: Clock
  #worker: Worker | undefined
  #cancelEnd: Cancel | undefined
  #isLarge = false
  /** Begun with before it was asked for. */
  #ahead: { readonly fingerprint: string; readonly result: Promise<LoadResult> } | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** `program`: takes orders and answers each with its result. */
  constructor(program: URL, clock: Clock) {
    this.#program = program
    this.#clock = clock
  }

  get isUp(): boolean {
    return this.#worker !== undefined
  }

  expect(order: CompileOrder | undefined): void {
    this.#stay()
    this.#start()
    if (order !== undefined && this.#ahead?.fingerprint !== order.fingerprint)
      this.#ahead = { fingerprint: order.fingerprint, result: this.#next(order) }
  }

  compile(order: CompileOrder): Promise<LoadResult> {
    const ahead = this.#ahead
    this.#ahead = undefined
    return ahead?.fingerprint === order.fingerprint ? ahead.result : this.#next(order)
  }

  /** The thread answers one after the other. */
  #next(order: CompileOrder): Promise<LoadResult> {
    const result = this.#last.then(() => this.#ask(order))
    this.#last = result
    return result
  }

  #stay(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = this.#clock.after(STAYS_MS, () => void this.close())
  }

  async #ask(order: CompileOrder): Promise<LoadResult> {
    this.#cancelEnd?.()
    const worker = this.#start()
    try {
      return await answerOf(worker, order)
    } catch (error) {
      this.#worker = undefined
      // such as a lack of memory: the data path goes on
      const problems = Problems.of(order.problems)
      const place = { file: order.files[0]?.path ?? '', line: 1, column: 1 }
      problems.error(place, `the thread that reads the configuration failed: ${(error as Error).message}`)
      return { problems: problems.sorted(), settingsKeys: [] }
    } finally {
      this.#isLarge = order.files.reduce((sum, file) => sum + file.bytes.length, 0) >= LARGE_BYTES
      if (!this.#isLarge) this.#stay()
    }
  }

  /** What is large takes long: where there is much, the thread is kept, and its compiled code with it. */
  rest(): void {
    if (!this.#isLarge) void this.close()
  }

  async close(): Promise<void> {
    this.#cancelEnd?.()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = (this.#worker ??= new Worker(this.#program, { workerData: module.getCompileCacheDir() }))
    // a thread that nobody waits for keeps no process alive
    worker.unref()
    return worker
  }
}

async function answerOf(worker: Worker, order: CompileOrder): Promise<LoadResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadResult>()
  const ended = (code: number): void => reject(new Error(`it ended with ${code}`))
  worker.ref()
  worker.once('message', resolve).once('error', reject).once('exit', ended)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(order)
  try {
    return await promise
  } finally {
    worker.off('message', resolve).off('error', reject).off('exit', ended)
    worker.unref()
  }
}

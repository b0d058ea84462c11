// Compiles large configurations on a thread of their own, so that the data path does not stand still while they are read.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Environment } from './environment.ts'
import type { ConfigFile } from './files.ts'
import type { LoadResult } from './load.ts'
import { compileFiles } from './load.ts'
import type { Problem } from './problem.ts'
import { Problems } from './problem.ts'

export interface CompileOrder {
  readonly files: readonly ConfigFile[]
  readonly environment: Environment
  /** From reading the files. */
  readonly problems: readonly Problem[]
}

/** Tells this thread from others that the program may run in. */
const ORDER = 'compile configuration'

/** Below this a thread costs more than it saves. */
const OWN_THREAD_BYTES = 64 * 1024

export async function compileAside(order: CompileOrder): Promise<LoadResult> {
  const bytes = order.files.reduce((sum, file) => sum + file.bytes.length, 0)
  if (bytes < OWN_THREAD_BYTES) return compileHere(order)
  const worker = new Worker(new URL(import.meta.url), { workerData: { [ORDER]: order } })
  try {
    return await new Promise<LoadResult>((done, failed) => {
      worker.once('message', done)
      worker.once('error', failed)
      worker.once('exit', (code) => failed(new Error(`it ended with ${code}`)))
    })
  } catch (error) {
    // such as a lack of memory: the data path goes on
    const problems = Problems.of(order.problems)
    const place = { file: order.files[0]?.path ?? '', line: 1, column: 1 }
    problems.error(place, `the thread that reads the configuration failed: ${(error as Error).message}`)
    return { problems: problems.sorted(), settingsKeys: [] }
  } finally {
    await worker.terminate()
  }
}

export function compileHere({ files, environment, problems }: CompileOrder): LoadResult {
  return compileFiles(files, { environment }, Problems.of(problems))
}

const order = (workerData as { [ORDER]?: CompileOrder } | null)?.[ORDER]
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
if (!isMainThread && order !== undefined) parentPort?.postMessage(compileHere(order))

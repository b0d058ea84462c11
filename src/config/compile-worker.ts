// The thread that compiles configuration: what CompileThread starts.
import module from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { type CompileOrder, compileHere } from './compiler.ts'

// a thread does not come by the cache of its process by itself, and reads all of its program anew each time
if (typeof workerData === 'string') module.enableCompileCache(workerData)

parentPort?.on('message', (order: CompileOrder) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  void compileHere.compile(order).then((result) => parentPort?.postMessage(result))
})

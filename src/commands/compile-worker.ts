// The thread that compiles configuration for a running sidecar: what CompileThread starts, and the only part of it that has the schema in
// memory.
import module from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

// a thread does not come by the cache of its process by itself, and reads all of its program anew each time
if (typeof workerData === 'string') module.enableCompileCache(workerData)

// after that, so that these are in the cache as well
const { compileHere } = await import('../config/compiler.ts')
const { examine } = await import('./explain/tests.ts')
const compiler = compileHere(examine)

parentPort?.on('message', (order: Parameters<typeof compiler.compile>[0]) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  void compiler.compile(order).then((result) => parentPort?.postMessage(result))
})

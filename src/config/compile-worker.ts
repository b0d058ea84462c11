// The thread that compiles configuration: what CompileThread starts.
import { parentPort } from 'node:worker_threads'
import { type CompileOrder, compileHere } from './compiler.ts'

parentPort?.on('message', (order: CompileOrder) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  void compileHere.compile(order).then((result) => parentPort?.postMessage(result))
})

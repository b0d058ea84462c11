// An application in a process of its own, which may be killed at any moment and started again at the same address. Over either version of
// HTTP it answers after a few milliseconds, so that there is always something under way when it dies; its answer is one write, because
// nobody can save a response that dies after its head.
import { type ChildProcess, spawn } from 'node:child_process'
import { freePort } from './origin.ts'

interface Owner {
  teardown(run: () => unknown): void
}

const PROGRAM = `
const [version, port] = process.argv.slice(1)
const answer = (request, response) => {
  request.resume()
  setTimeout(() => response.writeHead(204).end(), 3)
}
const server = require(version).createServer(answer)
server.on('sessionError', () => {})
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('up'))
`

export interface MortalOrigin {
  readonly address: string
  /** As the kernel does it: nothing is finished, connections are cut. */
  kill(): Promise<void>
  start(): Promise<void>
}

export async function mortalOrigin(t: Owner, version: 'http' | 'http2'): Promise<MortalOrigin> {
  const port = await freePort()
  let child: ChildProcess | undefined
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, NODE_OPTIONS: '' }
      child = spawn(process.execPath, ['-e', PROGRAM, version, String(port)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      child.once('error', reject)
      child.stdout?.once('data', () => resolve())
    })
  const kill = (): Promise<void> =>
    new Promise((resolve) => {
      child?.once('exit', () => resolve())
      child?.kill('SIGKILL')
    })
  t.teardown(() => child?.kill('SIGKILL'))
  await start()
  return { address: `127.0.0.1:${port}`, kill, start }
}

// Child processes of a run: pinned to cores, ended by their own pid, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'

/** Cores: the proxy has one for itself, load and origin share the other. */
export const PROXY_CORES = '0'
export const LOAD_CORES = '1'

const started = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

export interface StartOptions {
  readonly cores: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A server: its output is kept for the case that it fails. */
export class Child {
  readonly pid: number
  readonly #process: ChildProcess
  #output = ''

  constructor(command: readonly string[], { cores, environment = {} }: StartOptions) {
    this.#process = spawnPinned(command, cores, environment)
    this.pid = this.#process.pid as number
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-4000)
      })
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  get output(): string {
    return this.#output
  }

  async stop(): Promise<void> {
    if (!this.running) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    const hard = setTimeout(() => this.#process.kill('SIGKILL'), 2000)
    await gone
    clearTimeout(hard)
  }
}

/** Runs to its end and gives its standard output. */
export async function output(command: readonly string[], cores: string): Promise<string> {
  const child = spawnPinned(command, cores, {})
  let [text, errors] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${command[0]} failed (${code}): ${errors.slice(-500)}`)
  return text
}

/** The path of a program: named by an environment variable, or on PATH (where servers often are in sbin). */
export function findProgram(name: string): string | undefined {
  const named = process.env[name.toUpperCase()]
  if (named !== undefined) return existsSync(named) ? named : undefined
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** A port of loopback that was free a moment ago: not every peer can tell which one it was given. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function spawnPinned(command: readonly string[], cores: string, environment: Readonly<Record<string, string>>): ChildProcess {
  // taskset replaces itself by the command: the pid is the program's
  const child = spawn('taskset', ['-c', cores, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

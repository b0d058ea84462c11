// A sidecar as a user starts it: a child process with a folder of documents.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'
import { freePort } from './origin.ts'

interface Owner {
  teardown(run: () => unknown): void
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface SidecarProcess {
  /** The folder that --config names; the test may change what is in it. */
  readonly folder: string
  /** http://host:port of /metrics and /healthz. */
  readonly telemetry: string
  readonly child: ChildProcess
  readonly exit: Promise<Exit>
  stderr(): string
  stdout(): string
  /** SIGTERM, then the exit. */
  stop(): Promise<Exit>
}

interface SidecarProcessOptions {
  /** The sidecar's own settings; `telemetry` is filled in. */
  readonly settings: Record<string, unknown>
  /** Further documents: file name → text. */
  readonly files?: Readonly<Record<string, string>>
  /** The program; the checkout's own by default. */
  readonly program?: string
  /** Further options of `run`. */
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly readyTimeoutMs?: number
}

/** tap puts modules of its own into every Node that a test starts, by NODE_OPTIONS; `env` takes them out and becomes the command. */
export const UNTOUCHED = ['-u', 'NODE_OPTIONS'] as const

export const PROGRAM = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

/** Resolves when the sidecar is ready; rejects with what it wrote when it is not. It is gone when the test is over. */
export async function startSidecarProcess(t: Owner, options: SidecarProcessOptions): Promise<SidecarProcess> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  const settings = { telemetry: { listen: `127.0.0.1:${port}` }, ...options.settings }
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings, undefined, 2))
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(folder, name), text)

  const { program = PROGRAM, readyTimeoutMs = 15_000 } = options
  const sidecar = run(t, [process.execPath, program, 'run', ...(options.args ?? []), '--config', folder], options.env)
  const telemetry = `http://${settings.telemetry.listen}`
  const ready = eventually(() => isReady(telemetry, sidecar), { timeoutMs: readyTimeoutMs, everyMs: 20 })
  await ready.catch((error: unknown) => {
    throw new Error(`the sidecar is not ready; it wrote:\n${sidecar.stderr()}`, { cause: error })
  })
  return { folder, telemetry, ...sidecar }
}

type Run = Omit<SidecarProcess, 'folder' | 'telemetry'>

/** Any command, gone when the test is over. */
export function run(t: Owner, [command, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv = process.env): Run {
  const child = spawn('env', [...UNTOUCHED, command, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let stderr = ''
  let stdout = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const exit = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exit
  })
  const stop = (): Promise<Exit> => {
    child.kill('SIGTERM')
    return exit
  }
  return { child, exit, stop, stderr: () => stderr, stdout: () => stdout }
}

/** A folder outside the checkout that goes with the test. */
export function temporaryFolder(t: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function isReady(telemetry: string, { child }: Run): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`it has exited with ${child.exitCode ?? child.signalCode}`)
  const response = await fetch(`${telemetry}/healthz/ready`)
  await response.body?.cancel()
  return response.status === 200
}

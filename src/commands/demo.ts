// outrigger demo: a small mesh on loopback with traffic, to look at. Real sidecars, each a process of its own with a real folder of
// configuration.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Authority } from '../ca/authority.ts'
import { systemClock } from '../core/clock.ts'
import { Lifecycle } from '../core/lifecycle.ts'
import { spiffeUri } from '../identity/spiffe.ts'
import { startApps, startTraffic } from './demo/apps.ts'
import { configOf, layOutMesh, type Member, type Mesh, membersOf } from './demo/mesh.ts'
import { News } from './demo/news.ts'
import { introduction, Screen } from './demo/screen.ts'
import type { ExitCode, Io } from './io.ts'

const SCREEN_EVERY_MS = 1000
const LINES_EVERY_MS = 5000
const PATIENCE_MS = 10_000
const CLEAR = '\x1b[2J\x1b[H'

export async function demo(io: Io): Promise<ExitCode> {
  const mesh = await layOutMesh()
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-demo-'))
  const life = new Lifecycle()
  const news = new News()
  life.own({ close: () => rm(folder, { recursive: true, force: true }) })
  try {
    life.own(await startApps(mesh))
    const authority = Authority.create(join(folder, 'ca'), { trustDomain: 'cluster.local', ...day() })
    for (const member of membersOf(mesh)) {
      const certificates = join(folder, 'certs', member.name)
      authority.issueInto(certificates, spiffeUri('cluster.local', member.namespace, member.name), day())
      const sidecar = await startSidecar(member, configOf(member, mesh, certificates), folder, io)
      life.own(sidecar)
      sidecar.log.on('data', news.from(member.name))
    }
    life.own(startTraffic(mesh, systemClock))
    await show({ mesh, folder, news }, io)
    return 0
  } catch (error) {
    io.stderr.write(`${(error as Error).message}\n`)
    return 1
  } finally {
    await life.close()
  }
}

function day(): { lifeMs: number; nowMs: number } {
  return { lifeMs: 24 * 3_600_000, nowMs: systemClock.wallMs() }
}

type Files = ReadonlyMap<string, string>

interface Running {
  /** Its own log, from when it was ready. */
  readonly log: Readable
  close(): Promise<void>
}

async function startSidecar(member: Member, files: Files, folder: string, io: Io): Promise<Running> {
  const own = join(folder, member.name)
  await mkdir(own)
  for (const [name, text] of files) await writeFile(join(own, name), text)
  const [program, ...args] = io.self
  // a group of its own: Ctrl-C reaches the demo, which then stops its sidecars in order
  const child = spawn(program as string, [...args, 'run', '--config', own], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  await ready(child, member)
  return { log: child.stderr, close: () => end(child) }
}

function ready(child: ChildProcess, { name }: Member): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const cancel = systemClock.after(PATIENCE_MS, () => reject(new Error(`the sidecar of ${name} is not ready: ${said}`)))
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`the sidecar of ${name} ended: ${said}`)))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
      if (!said.includes('"msg":"ready"')) return
      cancel()
      resolve()
    })
  })
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

interface Shown {
  readonly mesh: Mesh
  readonly folder: string
  readonly news: News
}

/** Until the operator has seen enough. */
async function show({ mesh, folder, news }: Shown, io: Io): Promise<void> {
  const screen = new Screen(mesh)
  const text = introduction(mesh, folder)
  const live = io.isTerminal
  const everyMs = live ? SCREEN_EVERY_MS : LINES_EVERY_MS
  if (!live) io.stdout.write(`${text}\n`)
  while (!io.stop.aborted) {
    const summary = await screen.summary(everyMs / 1000)
    io.stdout.write(live ? `${CLEAR}${text}\n${summary}\n${paragraph(news.last)}` : `${summary}${paragraph(news.takeFresh())}\n`)
    await pause(everyMs, io.stop)
  }
  io.stdout.write('Stopping.\n')
}

function paragraph(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(ms, resolve)
    stop.addEventListener(
      'abort',
      () => {
        cancel()
        resolve()
      },
      { once: true },
    )
  })
}

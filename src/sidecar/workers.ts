// Several processes that share the listeners, one core each (node:cluster): the primary keeps the doors for operators and answers there for
// all; each worker is a sidecar of its own without doors.
import cluster, { type Worker } from 'node:cluster'
import { AdminServer } from '../admin/server.ts'
import type { AdminView, ConnectionView, ReloadView, ServiceView } from '../admin/view.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { Clock } from '../core/clock.ts'
import { Lifecycle } from '../core/lifecycle.ts'
import { runProbe } from '../telemetry/app-probes.ts'
import { LOG_LEVELS, type LogLevel, type OwnLog } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { Readiness } from '../telemetry/readiness.ts'
import { TelemetryServer } from '../telemetry/server.ts'
import { answerPrimary, WorkerMetrics } from '../telemetry/workers.ts'
import type { SidecarParts } from './parts.ts'
import { adminView } from './view.ts'

const TELL_EVERY_MS = 500
const RESTART_AFTER_MS = 1000
const VIEW = 'outrigger:view'
const ORDER = 'outrigger:order'

interface WorkerView {
  readonly type: typeof VIEW
  readonly ready: boolean
  readonly missing: readonly string[]
  readonly services: readonly ServiceView[]
  readonly connections: readonly ConnectionView[]
  readonly reloads: ReloadView
}

interface Order {
  readonly type: typeof ORDER
  readonly what: 'stop' | 'drain' | LogLevel
}

export function isWorker(): boolean {
  return cluster.isWorker
}

/** In a worker: tells the primary how it is, and does what the primary says. `stop`: finish what is under way and end. */
export function serveAsWorker(parts: SidecarParts & { stop(): Promise<void> }, stop: () => void): { stop(): Promise<void> } {
  const worker = cluster.worker as Worker
  const view = adminView(parts)
  const tell = (): void => {
    if (!worker.isConnected()) return
    const { ready, missing } = view.readiness()
    worker.send(
      { type: VIEW, ready, missing, services: view.services(), connections: view.connections(), reloads: view.reloads() },
      () => {},
    )
  }
  answerPrimary(worker, parts.metrics)
  parts.clock.every(TELL_EVERY_MS, tell)
  tell()
  worker.on('message', (message: Order) => {
    if (message.type !== ORDER) return
    if (message.what === 'stop') stop()
    else if (message.what === 'drain') parts.drain()
    else parts.log.level = message.what
    tell()
  })
  // without its primary nobody could stop it
  worker.on('disconnect', stop)
  return {
    async stop() {
      await parts.stop()
      // the channel to the primary would keep the process alive
      if (worker.isConnected()) worker.disconnect()
    },
  }
}

export interface PrimaryOptions {
  readonly settings: Settings
  readonly log: OwnLog
  readonly clock: Clock
  /** The program and its first arguments, up to the one that starts a worker. */
  readonly program: string
  readonly args: readonly string[]
  readonly onQuit: () => void
}

export class Primary {
  readonly #options: PrimaryOptions
  readonly #life = new Lifecycle()
  readonly #metrics: WorkerMetrics
  readonly #readiness = new Readiness()
  readonly #ready: () => void
  readonly #views = new Map<Worker, WorkerView | undefined>()
  #stopping = false

  private constructor(options: PrimaryOptions) {
    const { clock, settings } = options
    this.#options = options
    const own = new Metrics({ clock, maxSeries: settings.telemetry?.maxSeries ?? 10_000 })
    this.#metrics = new WorkerMetrics(own, clock)
    this.#ready = this.#readiness.need('workers', 'workers are not ready yet')
  }

  /** Opens the doors and starts the workers; rejects when a door can't be opened. */
  static async start(options: PrimaryOptions): Promise<Primary> {
    const primary = new Primary(options)
    const { telemetry, admin, workers } = options.settings
    const metricsText = () => primary.#metrics.text()
    const readiness = primary.#readiness
    const probe = (name: string) => runProbe(telemetry?.probes ?? [], name, options.clock)
    try {
      if (telemetry !== undefined)
        primary.#life.own(await TelemetryServer.start(telemetry.listen, { metricsText, readiness, log: options.log, probe }))
      if (admin !== undefined) primary.#life.own(await AdminServer.start(admin.listen, primary.#view()))
    } catch (error) {
      await primary.#life.close()
      throw error
    }
    cluster.setupPrimary({ exec: options.program, args: [...options.args] })
    for (let i = 0; i < workers; i++) primary.#fork()
    return primary
  }

  /** Resolves when every worker has finished what was under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#readiness.drain()
    const exits = Array.from(this.#views.keys(), (worker) => new Promise((resolve) => worker.once('exit', resolve)))
    this.#order('stop')
    await Promise.all(exits)
    await this.#life.close()
  }

  #fork(): void {
    const worker = cluster.fork()
    this.#views.set(worker, undefined)
    this.#metrics.add(worker)
    worker.on('message', (message: WorkerView) => {
      if (message.type !== VIEW) return
      this.#views.set(worker, message)
      // it came up too late to hear of the end
      if (this.#stopping) this.#order('stop')
      if (Array.from(this.#views.values()).every((view) => view?.ready === true)) this.#ready()
    })
    worker.once('exit', (code, signal) => {
      this.#views.delete(worker)
      this.#metrics.remove(worker)
      if (this.#stopping) return
      const { log, clock, onQuit } = this.#options
      log.error('a worker ended', { worker: worker.id, code, signal })
      // one that never was ready would not be the next time
      if (this.#readiness.ready) clock.after(RESTART_AFTER_MS, () => this.#fork())
      else if (this.#views.size === 0) onQuit()
    })
  }

  #order(what: Order['what']): void {
    for (const worker of this.#views.keys()) if (worker.isConnected()) worker.send({ type: ORDER, what }, () => {})
  }

  #view(): AdminView {
    const views = (): WorkerView[] => Array.from(this.#views.values()).filter((view) => view !== undefined)
    const { log, settings, onQuit } = this.#options
    return {
      readiness: () => ({
        ready: this.#readiness.ready,
        missing: [...this.#readiness.missing, ...views().flatMap(({ missing }) => missing)],
      }),
      settings: () => settings,
      services: () => views().flatMap(({ services }) => services),
      connections: () => views().flatMap(({ connections }) => connections),
      reloads: () => views()[0]?.reloads ?? { generation: 0, loadedAt: '', refused: false, problems: [] },
      certificates: () => [],
      logLevel: () => log.level,
      setLogLevel: (level) => {
        if (!(LOG_LEVELS as readonly string[]).includes(level)) return false
        log.level = level as LogLevel
        this.#order(level as LogLevel)
        return true
      },
      drain: () => {
        this.#readiness.drain()
        this.#order('drain')
      },
      quit: onQuit,
      metricsText: () => this.#metrics.text(),
    }
  }
}

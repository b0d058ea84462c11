// The composition root, in start order: telemetry, services, pipeline, listeners, then the doors for operators. Reload, drain and stop are
// here as well.

import type { Problem } from './config/problem.ts'
import type { Config } from './config/schema/config.ts'
import type { Settings } from './config/schema/settings.ts'
import { AlarmPool } from './core/alarm.ts'
import { Bag } from './core/bag.ts'
import { type Clock, systemClock } from './core/clock.ts'
import { Lifecycle } from './core/lifecycle.ts'
import { atOnce, type Steps, withPauses } from './core/steps.ts'
import { programVersion } from './core/version.ts'
import type { Discovery } from './discovery/directory.ts'
import { Listener, type ListenerConfig, type ListenerDeps } from './downstream/listener.ts'
import type { Exchange } from './exchange/exchange.ts'
import { mtlsModeOf } from './exchange/mtls-mode.ts'
import { Pipeline } from './exchange/pipeline.ts'
import { compileInSteps, type Snapshot } from './exchange/snapshot.ts'
import type { Identity } from './identity/identity.ts'
import { fetchKeys } from './policy/jwt/fetch.ts'
import { KeyStore } from './policy/jwt/keys.ts'
import { RateLimiters } from './routing/rate-limit.ts'
import { AccessLogs } from './sidecar/access-logs.ts'
import { discover } from './sidecar/discover.ts'
import { openDoors } from './sidecar/doors.ts'
import { finishAll } from './sidecar/drain.ts'
import { endpointEvents, zoneOf } from './sidecar/endpoint-events.ts'
import { collectGauges } from './sidecar/gauges.ts'
import { Identities } from './sidecar/identities.ts'
import { limitsOf, type SidecarLimits } from './sidecar/limits.ts'
import { listenersOf } from './sidecar/listeners.ts'
import { watchOverload } from './sidecar/overload.ts'
import type { SidecarParts } from './sidecar/parts.ts'
import { PolicyWatch } from './sidecar/policy-watch.ts'
import { reloadRefused, reloadTaken } from './sidecar/reloads.ts'
import { revoke } from './sidecar/revoke.ts'
import type { OwnLog } from './telemetry/log.ts'
import { Metrics } from './telemetry/metrics.ts'
import { Readiness } from './telemetry/readiness.ts'
import { Recorder } from './telemetry/record.ts'
import { watchRuntime } from './telemetry/runtime.ts'
import type { TelemetryServer } from './telemetry/server.ts'
import { IdSource } from './telemetry/trace.ts'
import type { Carrier } from './upstream/carrier.ts'
import { ServiceRegistry } from './upstream/registry.ts'

export interface SidecarOptions {
  readonly config: Config
  readonly log: OwnLog
  readonly clock?: Clock
  /** A configuration whose policies are compared with those that decide. */
  readonly shadow?: Config
  /** The operator asked for the end, by admin. */
  readonly onQuit?: () => void
  /** Whether to open the doors for operators, telemetry and admin; a worker's primary has them. */
  readonly doors?: boolean
}

export class Sidecar implements SidecarParts {
  readonly log: OwnLog
  readonly clock: Clock
  readonly metrics: Metrics
  readonly readiness = new Readiness()
  readonly registry: ServiceRegistry
  /** Exchanges under way. */
  readonly open = new Bag<Exchange>()
  readonly listeners = new Map<string, Listener>()
  /** Of the newest configuration. */
  problems: readonly Problem[] = []
  refused = false
  loadedAtMs = 0
  readonly #life = new Lifecycle()
  readonly #identities: Identities
  readonly #recorder: Recorder
  readonly #pipeline: Pipeline
  readonly #keys: KeyStore
  readonly watch: PolicyWatch
  readonly #accessLogs: AccessLogs
  readonly #discovery: Discovery
  readonly #onQuit: () => void
  readonly #limiters = new RateLimiters()
  #limits: SidecarLimits
  #snapshot: Snapshot<Carrier>
  #telemetry: TelemetryServer | undefined
  #stopping: Promise<void> | undefined

  private constructor({ config, log, shadow, clock = systemClock, onQuit = () => {} }: SidecarOptions) {
    this.log = log
    this.clock = clock
    this.#onQuit = onQuit
    this.metrics = new Metrics({ clock, maxSeries: config.settings.telemetry?.maxSeries ?? 10_000 })
    this.#limits = limitsOf(config.settings, this.metrics)
    this.#recorder = new Recorder(this.metrics)
    this.#accessLogs = new AccessLogs(this.#recorder, { clock, log, metrics: this.metrics })
    this.metrics.follow(() => this.open)
    this.#identities = new Identities({ clock, log, metrics: this.metrics })
    const { identity, use } = this.#identities.prepare(config.settings)
    use()
    this.registry = new ServiceRegistry(config.plain, {
      clock,
      limits: () => this.#limits.upstream,
      identity: () => this.#identities.current,
      zone: zoneOf(config.settings.workload),
      onEndpointEvent: endpointEvents(log, this.metrics),
    })
    this.watch = new PolicyWatch({ clock, log, metrics: this.metrics })
    if (shadow !== undefined) this.watch.useShadow(shadow, config.settings)
    this.#keys = this.#life.own(new KeyStore({ clock, log, fetch: fetchKeys }))
    this.#snapshot = atOnce(this.#compile(config, 1, identity))
    this.#discovery = this.#life.own(discover(config, this))
    this.#pipeline = new Pipeline({
      clock,
      alarms: new AlarmPool(clock),
      recorder: this.#recorder,
      open: this.open,
      ids: new IdSource(),
      registry: this.registry,
      overload: this.#life.own(watchOverload(this)),
      snapshot: () => this.#snapshot,
      watch: this.watch,
      mirrored: (service, result) => this.metrics.counter('mirrored', { service, result }).add(),
      tcpIdleTimeoutMs: () => this.settings.tcp.idleTimeout,
      upgradeIdleTimeoutMs: () => this.settings.http.upgradeIdleTimeout,
    })
  }

  /** Resolves when it is ready for traffic; rejects with words for the user, and nothing left open. */
  static async start(options: SidecarOptions): Promise<Sidecar> {
    const sidecar = new Sidecar(options)
    const ready = sidecar.readiness.need('listeners', 'listeners are not open yet')
    try {
      if (options.doors !== false) sidecar.#telemetry = await openDoors(sidecar, sidecar.#life)
      sidecar.#collect()
      sidecar.#accessLogs.open(sidecar.settings)()
      await sidecar.#openListeners(listenersOf(sidecar.snapshot.config))
    } catch (error) {
      await sidecar.close()
      throw error
    }
    ready()
    sidecar.#adopted()
    return sidecar
  }

  get snapshot(): Snapshot<Carrier> {
    return this.#snapshot
  }

  get settings(): Settings {
    return this.#snapshot.config.settings
  }

  get identity(): Identity | undefined {
    return this.#identities.current
  }

  get draining(): boolean {
    return this.readiness.draining
  }

  /** Port of the telemetry server, where one was asked for as 0. */
  get telemetryPort(): number {
    return this.#telemetry?.port ?? 0
  }

  /** Takes a new configuration, whole. What can't be taken leaves the former one serving and is thrown in words for the user. */
  async reload(config: Config): Promise<void> {
    const wanted = listenersOf(config)
    const { identity, use: useIdentity, drop } = this.#identities.prepare(config.settings)
    let snapshot: Snapshot<Carrier>
    let useAccessLog: () => void
    try {
      snapshot = await withPauses(this.#compile(config, this.#snapshot.id + 1, identity))
      useAccessLog = this.#accessLogs.open(config.settings)
      await this.#openListeners(wanted)
    } catch (error) {
      drop()
      throw error
    }
    this.#snapshot = snapshot
    useIdentity()
    revoke(this)
    this.#limits = limitsOf(config.settings, this.metrics)
    this.#discovery.update(config.services)
    this.registry.keep(config.services)
    this.#keys.keep(config.tokens)
    for (const [name, listener] of this.listeners) if (!wanted.has(name)) this.#leave(name, listener)
    useAccessLog()
    this.log.level = config.settings.logLevel
    this.#adopted()
  }

  /** The newest configuration was refused. */
  refuse(problems: readonly Problem[]): void {
    this.problems = problems
    this.refused = true
    reloadRefused(this.metrics)
  }

  /** From now on unready; answers say Connection: close. */
  drain(): void {
    if (this.draining) return
    this.readiness.drain()
    for (const listener of this.listeners.values()) if (listener.direction !== 'outbound') listener.drain()
  }

  /** As admin's POST /quitquitquit does. */
  quit(): void {
    this.#onQuit()
  }

  /**
   * Finishes what is under way: inbound first; outbound stays open until inbound is empty. After the grace tunnels are told to go,
   * at the limit everything is cut.
   */
  stop(): Promise<void> {
    this.#stopping ??= finishAll(this).then(() => this.close())
    return this.#stopping
  }

  /** Cuts everything at once. */
  async close(): Promise<void> {
    for (const listener of this.listeners.values()) listener.destroy('draining')
    this.registry.close()
    this.#identities.close()
    await this.#life.close()
    await this.#recorder.useAccessLog(undefined)?.close()
  }

  *#compile(config: Config, id: number, identity: Identity | undefined): Steps<Snapshot<Carrier>> {
    const { settings } = config
    const snapshot = yield* compileInSteps<Carrier>(config, {
      id,
      random: () => this.clock.random(),
      runtime: (service) => this.registry.configure(service),
      watched: this.watch.shadowed,
      tokens: { keys: this.#keys, clock: this.clock },
      principal: identity?.material.own.uri ?? '',
      limiters: this.#limiters,
    })
    this.registry.setApps(new Map(settings.listeners.inbound.map((listener) => [listener.listen, listener])))
    return snapshot
  }

  #collect(): void {
    const { clock, metrics, readiness, registry, listeners } = this
    this.#life.own(watchRuntime(metrics, { clock, readiness, version: programVersion() }))
    collectGauges({ metrics, registry, listeners, discovery: this.#discovery })
  }

  async #openListeners(wanted: ReadonlyMap<string, ListenerConfig & { key: string }>): Promise<void> {
    const opened: Listener[] = []
    const deps: ListenerDeps = {
      clock: this.clock,
      log: this.log,
      metrics: this.metrics,
      pipeline: this.#pipeline,
      identity: () => this.#identities.current,
      mtlsMode: (listener, port) => mtlsModeOf(listener, port, this.#snapshot.mtls),
      limits: () => this.#limits.downstream,
    }
    try {
      for (const [name, listener] of wanted) {
        const known = this.listeners.get(name)
        if (known !== undefined && known.direction === listener.direction) known.update(listener)
        else opened.push(await Listener.open(listener, listener.key, deps))
      }
    } catch (error) {
      for (const listener of opened) listener.destroy('draining')
      throw error
    }
    for (const listener of opened) this.listeners.set(listener.name, listener)
  }

  #leave(name: string, listener: Listener): void {
    this.listeners.delete(name)
    listener.drain()
    listener.finish()
    this.clock.after(this.settings.drain.limit, () => listener.destroy('draining'))
  }

  #adopted(): void {
    this.refused = false
    this.loadedAtMs = this.clock.wallMs()
    reloadTaken(this.metrics, this.loadedAtMs, this.#snapshot.id)
  }
}

// outrigger run: a sidecar from configuration files, until it is told to stop.
import { extname } from 'node:path'
import { CompileThread } from '../config/compile-thread.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import type { Config } from '../config/schema/config.ts'
import { ConfigSource } from '../config/source.ts'
import { systemClock } from '../core/clock.ts'
import type { KubernetesDocuments } from '../discovery/kubernetes/documents.ts'
import { collectKubernetes } from '../sidecar/gauges.ts'
import { isWorker, Primary, serveAsWorker } from '../sidecar/workers.ts'
import { Sidecar } from '../sidecar.ts'
import { type OwnLog, openLog } from '../telemetry/log.ts'
import type { ExitCode, Io } from './io.ts'

/** Beside this file, under the ending that it has: .ts in a checkout, .js in the build. */
const COMPILER = new URL(`./compile-worker${extname(import.meta.url)}`, import.meta.url)

/** Either way of running: in one process, or as the primary of several. */
interface Running {
  stop(): Promise<void>
}

export interface RunOptions {
  readonly paths: readonly string[]
  /** Documents from the Kubernetes API as well: by this kubeconfig, '' for the Pod's own rights; undefined: none. */
  readonly kubernetes?: string | undefined
  /** A candidate whose policies are only compared. */
  readonly shadow?: string | undefined
}

export async function run(options: RunOptions, io: Io): Promise<ExitCode> {
  const { paths } = options
  const supply = await openSupply(options, io)
  if (supply === 'failed') return 1
  const source = openSource(paths, io, supply)
  const shadow = options.shadow === undefined ? undefined : openSource([options.shadow], io, undefined)
  const candidate = await shadow?.load()
  for (const problem of candidate?.problems ?? []) io.stderr.write(`${formatProblem(problem)}\n`)
  const { config, problems } = await source.load()
  for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  if (config === undefined || (candidate !== undefined && candidate.config === undefined)) {
    await shadow?.close()
    await supply?.close()
    return 1
  }
  const log = await openLog({ level: config.settings.logLevel, pretty: io.isTerminal, clock: systemClock })
  const stopped = Promise.withResolvers<void>()
  const stop = (): void => stopped.resolve()
  if (io.stop.aborted) stop()
  io.stop.addEventListener('abort', stop, { once: true })
  let running: Running
  try {
    const several = config.settings.workers > 1 && !isWorker()
    running = several
      ? await startPrimary({ config, options, io, log, stop })
      : await startOne({ config, log, stop, source, supply, shadow, candidate: candidate?.config })
  } catch (error) {
    log.error((error as Error).message)
    await shadow?.close()
    await source.close()
    await supply?.close()
    await log.close()
    return 1
  }
  await stopped.promise
  log.info('stopping: finishing what is under way')
  await shadow?.close()
  await source.close()
  await supply?.close()
  await running.stop()
  log.info('stopped')
  await log.close()
  return 0
}

interface Start {
  readonly config: Config
  readonly log: OwnLog
  readonly stop: () => void
}

function openSource(paths: readonly string[], io: Io, supply: KubernetesDocuments | undefined): ConfigSource {
  return new ConfigSource({
    ...(supply === undefined ? {} : { supply }),
    paths,
    clock: systemClock,
    environment: io.env,
    compiler: new CompileThread(COMPILER, systemClock),
  })
}

/** The API's documents, all of them once; 'failed': it is not known where to ask, and that has been said. */
async function openSupply({ kubernetes }: RunOptions, io: Io): Promise<KubernetesDocuments | undefined | 'failed'> {
  if (kubernetes === undefined) return undefined
  const log = await openLog({ level: 'info', pretty: io.isTerminal, clock: systemClock })
  // loaded only when used: it brings an HTTP client
  const { openKubernetes } = await import('./kubernetes.ts')
  try {
    return await openKubernetes(kubernetes, io, log, systemClock)
  } catch (error) {
    log.error((error as Error).message)
    await log.close()
    return 'failed'
  }
}

interface StartOne extends Start {
  readonly source: ConfigSource
  readonly supply: KubernetesDocuments | undefined
  readonly shadow: ConfigSource | undefined
  readonly candidate: Config | undefined
}

async function startOne({ config, log, stop, source, supply, shadow, candidate }: StartOne): Promise<Running> {
  const sidecar = await Sidecar.start({
    config,
    ...(candidate === undefined ? {} : { shadow: candidate }),
    log,
    onQuit: stop,
    doors: !isWorker(),
  })
  if (supply !== undefined) collectKubernetes(sidecar.metrics, supply)
  sidecar.problems = source.problems
  // one after the other: the last change wins
  let last = Promise.resolve()
  await source.watch({
    changed(next, problems) {
      last = last.then(() => takeOver(sidecar, next, problems))
    },
    refused(problems) {
      for (const problem of problems) log.error(`the change was refused: ${formatProblem(problem)}`)
      sidecar.refuse(problems)
    },
  })
  await shadow?.watch({
    changed: (next) => sidecar.watch.useShadow(next, sidecar.settings),
    refused: (refusals) => {
      for (const problem of refusals) log.error(`the change of the candidate was refused: ${formatProblem(problem)}`)
    },
  })
  log.info('ready', { listeners: [...sidecar.listeners.keys()] })
  return isWorker() ? serveAsWorker(sidecar, stop) : sidecar
}

/** What loads may still not be taken: a port in use, a certificate that can't be read. */
async function takeOver(sidecar: Sidecar, config: Config, problems: readonly Problem[]): Promise<void> {
  try {
    await sidecar.reload(config)
    sidecar.problems = problems
    for (const problem of problems) sidecar.log.warn(formatProblem(problem))
    sidecar.log.info('the configuration has changed', { generation: sidecar.snapshot.id })
  } catch (error) {
    const { message } = error as Error
    sidecar.log.error(`the change was refused: ${message}`)
    sidecar.refuse([{ file: '', line: 0, column: 0, severity: 'error', message, hint: '' }])
  }
}

function startPrimary({ config, log, stop, options, io }: Start & { options: RunOptions; io: Io }): Promise<Running> {
  const kubernetes = options.kubernetes === undefined ? [] : [`--kubernetes=${options.kubernetes}`]
  const shadow = options.shadow === undefined ? [] : [`--shadow=${options.shadow}`]
  const program = io.self.at(-1) as string
  return Primary.start({
    settings: config.settings,
    log,
    clock: systemClock,
    program,
    args: ['run', ...kubernetes, ...shadow, '--config', ...options.paths],
    onQuit: stop,
  })
}

// outrigger run: a sidecar from configuration files, until it is told to stop.
import { CompileThread } from '../config/compile-thread.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import type { Config } from '../config/schema/config.ts'
import { ConfigSource } from '../config/source.ts'
import { systemClock } from '../core/clock.ts'
import { examineConfig } from '../exchange/examine.ts'
import { isWorker, Primary, serveAsWorker } from '../sidecar/workers.ts'
import { Sidecar } from '../sidecar.ts'
import { type OwnLog, openLog } from '../telemetry/log.ts'
import type { ExitCode, Io } from './io.ts'

/** Either way of running: in one process, or as the primary of several. */
interface Running {
  stop(): Promise<void>
}

export async function run(paths: readonly string[], io: Io): Promise<ExitCode> {
  const source = new ConfigSource({
    paths,
    clock: systemClock,
    environment: io.env,
    examine: examineConfig,
    compiler: new CompileThread(systemClock),
  })
  const { config, problems } = await source.load()
  for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  if (config === undefined) return 1
  const log = await openLog({ level: config.settings.logLevel, pretty: io.isTerminal, clock: systemClock })
  const stopped = Promise.withResolvers<void>()
  const stop = (): void => stopped.resolve()
  if (io.stop.aborted) stop()
  io.stop.addEventListener('abort', stop, { once: true })
  let running: Running
  try {
    const several = config.settings.workers > 1 && !isWorker()
    running = several ? await startPrimary({ config, paths, io, log, stop }) : await startOne({ config, log, stop, source })
  } catch (error) {
    log.error((error as Error).message)
    await source.close()
    await log.close()
    return 1
  }
  await stopped.promise
  log.info('stopping: finishing what is under way')
  await source.close()
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

async function startOne({ config, log, stop, source }: Start & { source: ConfigSource }): Promise<Running> {
  const sidecar = await Sidecar.start({ config, log, onQuit: stop, doors: !isWorker() })
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

function startPrimary({ config, log, stop, paths, io }: Start & { paths: readonly string[]; io: Io }): Promise<Running> {
  const program = io.self.at(-1) as string
  return Primary.start({
    settings: config.settings,
    log,
    clock: systemClock,
    program,
    args: ['run', '--config', ...paths],
    onQuit: stop,
  })
}

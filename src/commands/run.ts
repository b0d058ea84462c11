// outrigger run: a sidecar from configuration files, until it is told to stop.
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
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
  const { config, problems } = await loadConfig(paths, { environment: io.env, examine: examineConfig })
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
    running = several ? await startPrimary({ config, paths, io, log, stop }) : await startOne({ config, log, stop })
  } catch (error) {
    log.error((error as Error).message)
    await log.close()
    return 1
  }
  await stopped.promise
  log.info('stopping: finishing what is under way')
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

async function startOne({ config, log, stop }: Start): Promise<Running> {
  const sidecar = await Sidecar.start({ config, log, onQuit: stop, doors: !isWorker() })
  log.info('ready', { listeners: [...sidecar.listeners.keys()] })
  return isWorker() ? serveAsWorker(sidecar, stop) : sidecar
}

function startPrimary({ config, log, stop, paths, io }: Start & { paths: readonly string[]; io: Io }): Promise<Running> {
  const program = io.self[1] as string
  return Primary.start({
    settings: config.settings,
    log,
    clock: systemClock,
    program,
    args: ['run', '--config', ...paths],
    onQuit: stop,
  })
}

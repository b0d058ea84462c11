// outrigger run: a sidecar from configuration files, until it is told to stop.

import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { systemClock } from '../core/clock.ts'
import { Sidecar } from '../sidecar.ts'
import { openLog } from '../telemetry/log.ts'
import type { ExitCode, Io } from './io.ts'

export async function run(paths: readonly string[], io: Io): Promise<ExitCode> {
  const { config, problems } = await loadConfig(paths, { environment: io.env })
  for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  if (config === undefined) return 1
  const log = await openLog({ level: config.settings.logLevel, pretty: io.isTerminal, clock: systemClock })
  const stopped = Promise.withResolvers<void>()
  if (io.stop.aborted) stopped.resolve()
  io.stop.addEventListener('abort', () => stopped.resolve(), { once: true })
  let sidecar: Sidecar
  try {
    sidecar = await Sidecar.start({ config, log, onQuit: () => stopped.resolve() })
  } catch (error) {
    log.error((error as Error).message)
    await log.close()
    return 1
  }
  log.info('ready', { listeners: [...sidecar.listeners.keys()] })
  await stopped.promise
  log.info('stopping: finishing what is under way')
  await sidecar.stop()
  log.info('stopped')
  await log.close()
  return 0
}

// The command line: arguments, signals, exit codes. The only file that touches process.
import { Command, CommanderError } from 'commander'
import type { ExitCode, Io } from './commands/io.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(0)
    stop.abort()
  })
}

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stderr.isTTY,
  env: process.env,
  self: [process.execPath, process.argv[1] as string],
  stop: stop.signal,
}

const program = new Command('outrigger').description('A service-mesh sidecar proxy.').exitOverride()
const finish = (code: ExitCode): void => {
  process.exitCode = code
}

program
  .command('run')
  .description('run the sidecar')
  .requiredOption('--config <path...>', 'files, or directories with *.yaml, *.yml, *.json')
  .action(async ({ config }: { config: string[] }) => {
    const { run } = await import('./commands/run.ts')
    finish(await run(config, io))
  })

program
  .command('demo')
  .description('a small mesh on loopback with traffic, to look at')
  .action(async () => {
    const { demo } = await import('./commands/demo.ts')
    finish(await demo(io))
  })

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}

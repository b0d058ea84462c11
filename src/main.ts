// The command line: arguments, signals, exit codes. The only file that touches process, and the one door to commander.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import type { ExitCode, Io } from './commands/io.ts'

const NOT_UNDERSTOOD = 2
const CONFIG = ['--config <path...>', 'files, or directories with *.yaml, *.yml, *.json'] as const

// the first one asks for an orderly end, the second one ends at once; both were asked for, so neither is a failure
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(0)
    stop.abort()
  })
}
// whoever read the output has seen enough
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stderr.isTTY,
  env: process.env,
  self: [process.execPath, process.argv[1] as string],
  stop: stop.signal,
}

const program = new Command('outrigger')
  .description('A service-mesh sidecar proxy beside one application.')
  .version(version())
  .exitOverride()
  .showHelpAfterError('(--help says more)')
const finish = (code: ExitCode): void => {
  process.exitCode = code
}

// a command's modules are loaded when it is called: a sidecar should be up before its application is
program
  .command('run')
  .description('run the sidecar')
  .requiredOption(...CONFIG)
  .action(async ({ config }: { config: string[] }) => {
    const { run } = await import('./commands/run.ts')
    finish(await run(config, io))
  })

program
  .command('check')
  .description('say what is wrong with a configuration; exit 1 when something is')
  .requiredOption(...CONFIG)
  .option('--print', 'print the configuration as well, with everything that it leaves out spelt out')
  .action(async ({ config, print }: { config: string[]; print?: true }) => {
    const { checkCommand } = await import('./commands/check.ts')
    finish(await checkCommand(config, print === true, io))
  })

program
  .command('explain')
  .description('what would happen to requests and why, offline')
  .requiredOption(...CONFIG)
  .option('--request <file>', 'requests as JSON, one object a line or one array; - is standard input', '-')
  .action(async ({ config, request }: { config: string[]; request: string }) => {
    const { explain } = await import('./commands/explain.ts')
    finish(await explain(config, request, io))
  })

program
  .command('demo')
  .description('a small mesh on loopback with traffic, to look at')
  .action(async () => {
    const { demo } = await import('./commands/demo.ts')
    finish(await demo(io))
  })

const IMAGE = ['--image <image>', 'image of the sidecar', `outrigger:${version()}`] as const
const MODE = ['--mode <mode>', 'native: an init container that keeps running; classic: a container beside the others'] as const

program
  .command('inject')
  .description('put sidecars into Kubernetes manifests')
  .requiredOption('-f, --filename <path...>', 'files, or directories with *.yaml, *.yml and *.json; - is standard input')
  .addOption(new Option(...MODE).choices(['native', 'classic']).default('native'))
  .option(...IMAGE)
  .option('--uninject', 'take the sidecars away instead')
  .option('--in-place', 'write the files that were read instead of printing')
  .action(
    async ({
      filename,
      ...options
    }: {
      filename: string[]
      mode: 'native' | 'classic'
      image: string
      uninject?: true
      inPlace?: true
    }) => {
      const { injectCommand } = await import('./commands/inject.ts')
      finish(await injectCommand(filename, { uninject: false, inPlace: false, ...options }, io))
    },
  )

program
  .command('webhook')
  .description('put sidecars into Pods as Kubernetes creates them: an admission webhook, POST /inject')
  .option('--listen <address>', 'address to listen on', ':8443')
  .requiredOption('--certificate <file>', 'PEM file with the certificate chain')
  .requiredOption('--key <file>', 'PEM file with the private key')
  .addOption(new Option(...MODE).choices(['native', 'classic']).default('native'))
  .option(...IMAGE)
  .action(async (options: { listen: string; certificate: string; key: string; mode: 'native' | 'classic'; image: string }) => {
    const { webhook } = await import('./commands/webhook.ts')
    finish(await webhook(options, io))
  })

program
  .command('wait')
  .description('come back when the sidecar is ready')
  .option('--url <url>', 'where readiness is asked', 'http://127.0.0.1:15020/healthz/ready')
  .option('--timeout <duration>', 'give up, with exit code 1, after this time', '2m')
  .action(async (options: { url: string; timeout: string }) => {
    const { wait } = await import('./commands/wait.ts')
    finish(await wait(options, io))
  })

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : NOT_UNDERSTOOD
}

/** src/ and dist/ both stand beside package.json. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

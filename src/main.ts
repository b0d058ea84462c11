// The command line: arguments, signals, exit codes. The only file that touches process, and the one door to commander.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import type { CaptureCommandOptions } from './commands/capture.ts'
import type { ExitCode, Io } from './commands/io.ts'

const NOT_UNDERSTOOD = 2
const CONFIG = ['--config <path...>', 'files, or directories with *.yaml, *.yml, *.json'] as const

// the first one asks for an orderly end, the second one ends at once; both were asked for, so neither is a failure
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(0)
    stop.abort()
  })
}
// whoever read the output has seen enough
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // the terminal is gone: SIGHUP says so as well, and what was started is still to be stopped
  if (error.code === 'EIO') stop.abort()
  else process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stderr.isTTY,
  env: process.env,
  self: [process.execPath, ...process.execArgv, process.argv[1] as string],
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
  .option(
    '--kubernetes [kubeconfig]',
    "read documents from the Kubernetes API as well: with the Pod's own rights, or as a file says",
  )
  .option('--shadow <path>', 'a candidate configuration: its policies decide nothing, and are compared with those that do')
  .action(async ({ config, kubernetes, shadow }: { config: string[]; kubernetes?: string | true; shadow?: string }) => {
    const { run } = await import('./commands/run.ts')
    finish(await run({ paths: config, kubernetes: kubernetes === true ? '' : kubernetes, shadow }, io))
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
  .command('capture')
  .description("send a Pod's traffic through its sidecar: for an init container with the capability NET_ADMIN")
  .option('--inbound-port <port>', 'listener of the sidecar for what comes in', '15006')
  .option('--outbound-port <port>', 'listener of the sidecar for what goes out', '15001')
  .option('--uid <id>', 'user of the sidecar, whose own traffic is left alone', '1337')
  .option('--gid <id>', 'group of the sidecar, likewise', '1337')
  .option('--include-inbound-ports <ports>', 'capture only these; * is all', '*')
  .option('--exclude-inbound-ports <ports>', 'leave these alone')
  .option('--exclude-outbound-ports <ports>', 'leave calls to these alone')
  .option('--include-outbound-cidrs <ranges>', 'capture only calls to these; * is all', '*')
  .option('--exclude-outbound-cidrs <ranges>', 'leave calls to these alone')
  .option('--undo', 'take the rules away')
  .option('--dry-run', 'print what would be done')
  .action(async (options: CaptureCommandOptions) => {
    const { captureCommand } = await import('./commands/capture.ts')
    finish(captureCommand(options, io))
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

const ca = program
  .command('ca')
  .description('a small certificate authority for development and machines without one (docs/identity.md)')
const FOLDER = ['--folder <dir>', 'folder of the authority', 'ca'] as const
const ROOT_LIFE = ['--life <time>', 'how long a new root lasts', '365d'] as const

ca.command('init')
  .description('make an authority: a root certificate and its key')
  .option(...FOLDER)
  .option('--trust-domain <name>', 'trust domain of its identities', 'cluster.local')
  .option(...ROOT_LIFE)
  .action(async (options: { folder: string; trustDomain: string; life: string }) => {
    const { caInit } = await import('./commands/ca.ts')
    finish(caInit(options, io))
  })

ca.command('issue')
  .description('issue a certificate to a workload: tls.crt, tls.key, ca.crt and crl.pem in a folder, as identity.folder reads it')
  .option(...FOLDER)
  .requiredOption('--namespace <name>', 'namespace of the workload')
  .requiredOption('--service-account <name>', 'service account of the workload')
  .requiredOption('--into <dir>', 'folder to write to')
  .option('--life <time>', 'how long it lasts', '24h')
  .action(async (options: { folder: string; namespace: string; serviceAccount: string; into: string; life: string }) => {
    const { caIssue } = await import('./commands/ca.ts')
    finish(caIssue(options, io))
  })

ca.command('renew')
  .description('renew certificates of which half the life is over, and hand out a changed trust bundle')
  .argument('<dirs...>', 'folders that issue has written')
  .option(...FOLDER)
  .option('--force', 'renew all of them now')
  .option('--watch', 'stay, and renew each when its time has come')
  .action(async (dirs: string[], options: { folder: string; force?: true; watch?: true }) => {
    const { caRenew } = await import('./commands/ca.ts')
    finish(await caRenew(dirs, options, io))
  })

ca.command('rotate')
  .description(
    'one step of changing the root: announce a new one, let it sign, forget the old one; says which it was and what is next',
  )
  .option(...FOLDER)
  .option(...ROOT_LIFE)
  .action(async (options: { folder: string; life: string }) => {
    const { caRotate } = await import('./commands/ca.ts')
    finish(caRotate(options, io))
  })

ca.command('revoke')
  .description('take back the certificate in a folder that issue has written')
  .argument('<dir>', 'its folder')
  .option(...FOLDER)
  .action(async (dir: string, options: { folder: string }) => {
    const { caRevoke } = await import('./commands/ca.ts')
    finish(caRevoke(dir, options, io))
  })

// a sidecar without a listener waits for a configuration that has one, and nothing else would keep the process
const alive = setInterval(() => undefined, 1_000_000_000)
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : NOT_UNDERSTOOD
} finally {
  clearInterval(alive)
}

/** src/ and dist/ both stand beside package.json. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

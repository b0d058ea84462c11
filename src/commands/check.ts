// outrigger check: says what is wrong with a configuration, or what it comes to; opens and sends nothing.
import { formatYaml } from '../config/document.ts'
import { type LoadOptions, loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import type { Config } from '../config/schema/config.ts'
import { settingsSchema } from '../config/schema/settings.ts'
import { redact } from '../config/secrets.ts'
import { examine } from './explain/tests.ts'
import type { ExitCode, Io } from './io.ts'

export interface CheckOptions extends Pick<LoadOptions, 'environment'> {
  /** Answer the configuration as well, in the native form, with everything that is not said spelt out. */
  readonly print?: boolean
}

export async function check(paths: readonly string[], options: CheckOptions = {}): Promise<{ code: ExitCode; lines: string[] }> {
  const { print = false, environment = {} } = options
  const { config, problems } = await loadConfig(paths, { environment, examine })
  const lines = problems.map(formatProblem)
  if (config === undefined) return { code: 1, lines }
  // problems as comments: what is printed is a document whatever they say
  return print ? { code: 0, lines: [...lines.map((line) => `# ${line}`), ...nativeForm(config)] } : { code: 0, lines }
}

export async function checkCommand(paths: readonly string[], print: boolean, io: Io): Promise<ExitCode> {
  const { code, lines } = await check(paths, { print, environment: io.env })
  for (const line of lines) io.stdout.write(`${line}\n`)
  return code
}

/** What is printed is not to be taken for the whole where something of it can't be said natively. */
function nativeForm({ settings, ...config }: Config): string[] {
  const kept = config.networkPolicies.map(
    ({ namespace, name }) => `# NetworkPolicy ${namespace}/${name} has no native form: keep its document beside this one`,
  )
  const written = settingsSchema.encode({
    ...settings,
    services: [...config.services],
    routes: [...config.routes],
    tcpRoutes: [...config.tcpRoutes],
    policies: [...config.policies],
    gateways: [...config.gateways],
    tokens: [...config.tokens],
  })
  return [...kept, ...formatYaml(redact(written)).trimEnd().split('\n')]
}

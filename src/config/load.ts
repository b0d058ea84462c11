// From PATHs to a Config: read, sort by dialect, validate, check against each other. The entry of this folder.

import { checkConsistency } from './consistency.ts'
import { compileResources } from './dialects/compile.ts'
import { gather } from './dialects/gather.ts'
import type { Resources } from './dialects/resource.ts'
import { fileSource, parseDocuments } from './document.ts'
import type { Draft, Finding } from './draft.ts'
import { configOf } from './draft.ts'
import type { Environment } from './environment.ts'
import type { ConfigFile } from './files.ts'
import { readFiles } from './files.ts'
import { policyOf } from './policy-entries.ts'
import type { Path, Problem } from './problem.ts'
import { formatPath, Problems } from './problem.ts'
import { References } from './reference.ts'
import type { Config } from './schema/config.ts'
import type { MergedSettings } from './settings.ts'
import { mergeSettings } from './settings.ts'

export interface LoadOptions {
  /** What ${NAME} in settings means. */
  readonly environment?: Environment
  /** Says what is wrong with a Config that only those who compile it can know, such as a regular expression of a route. */
  readonly examine?: (config: Config) => readonly Finding[]
}

export interface LoadResult {
  /** Absent when a problem is an error. */
  readonly config?: Config
  readonly problems: readonly Problem[]
  /** Top-level keys of settings that a document sets, besides lists that documents may add to. */
  readonly settingsKeys: readonly string[]
}

export async function loadConfig(paths: readonly string[], options: LoadOptions = {}): Promise<LoadResult> {
  const problems = new Problems()
  const files = await readFiles(paths, problems)
  return compileFiles(files, options, problems)
}

/** The same from what was read before; `problems` may hold some from reading. */
export function compileFiles(files: readonly ConfigFile[], options: LoadOptions, problems: Problems): LoadResult {
  const documents = files.flatMap((file) => parseDocuments(fileSource(file.path, file.bytes, problems), problems))
  const gathered = gather(documents, problems)
  const fallback = { file: files[0]?.path ?? '', line: 1, column: 1 }
  const merged = mergeSettings(gathered.settings, { environment: options.environment ?? {}, fallback }, problems)
  const config = merged === undefined || problems.hasErrors ? undefined : compile(merged, gathered.resources, options, problems)
  const result = { problems: problems.sorted(), settingsKeys: merged?.keys ?? [] }
  return config === undefined ? result : { ...result, config }
}

function compile(merged: MergedSettings, resources: Resources, options: LoadOptions, problems: Problems): Config | undefined {
  const draft = draftOf(merged, resources, problems)
  checkConsistency(draft, problems)
  if (problems.hasErrors) return undefined
  const config = configOf(draft)
  for (const { list, index, path, message } of options.examine?.(config) ?? []) {
    const part = draft[list][index]
    problems.error(
      (part ?? draft.settings).at(path),
      `${part?.label ?? list}${path.length === 0 ? '' : `.${formatPath(path)}`}: ${message}`,
    )
  }
  return problems.hasErrors ? undefined : config
}

/** Native services and routes come first, in the order of their documents. */
function draftOf(merged: MergedSettings, resources: Resources, problems: Problems): Draft {
  const { settings } = merged
  const at = (path: Path) => merged.at(path)
  const compiled = compileResources(resources, settings, problems)
  const located = <T>(
    list: 'services' | 'routes' | 'tcpRoutes' | 'policies' | 'tokens' | 'tests' | 'gateways',
    values: readonly T[],
  ) =>
    values.map((value, index) => ({
      value,
      label: `${list}[${index}]`,
      at: (path: Path) => at([list, index, ...path]),
    }))
  const services = [...located('services', settings.services), ...compiled.services]
  return {
    settings: { value: settings, label: 'settings', at },
    hasSettings: merged.documents > 0,
    services,
    references: new References(
      services.map(({ value }) => value),
      settings.workload.namespace,
    ),
    routes: [...located('routes', settings.routes), ...compiled.routes],
    tcpRoutes: [...located('tcpRoutes', settings.tcpRoutes), ...compiled.tcpRoutes],
    tests: located('tests', settings.tests),
    tokens: [...located('tokens', settings.tokens), ...compiled.tokens],
    policies: [...located('policies', settings.policies.map(policyOf)), ...compiled.policies],
    gateways: [...located('gateways', settings.gateways), ...compiled.gateways],
    workloads: compiled.workloads,
    namespaces: compiled.namespaces,
    networkPolicies: compiled.networkPolicies,
    peerAuthentications: compiled.peerAuthentications,
  }
}

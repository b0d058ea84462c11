// From PATHs to a Config: read, split by dialect, validate, check against each other. The entry of this folder.

import type { SourceDocument } from './document.ts'
import { fileSource, parseDocuments } from './document.ts'
import type { Environment } from './environment.ts'
import type { ConfigFile } from './files.ts'
import { readFiles } from './files.ts'
import type { Problem } from './problem.ts'
import { Problems } from './problem.ts'
import type { Config } from './schema.ts'
import { mergeSettings } from './settings.ts'

export interface LoadOptions {
  /** What ${NAME} in settings means. */
  readonly environment?: Environment
}

export interface LoadResult {
  /** Absent when a problem is an error. */
  readonly config?: Config
  readonly problems: readonly Problem[]
  /** How many settings documents there were. */
  readonly settingsDocuments: number
}

export async function loadConfig(paths: readonly string[], options: LoadOptions = {}): Promise<LoadResult> {
  const problems = new Problems()
  const files = await readFiles(paths, problems)
  return compileFiles(files, options, problems)
}

/** The same from what was read before; `problems` may hold some from reading. */
export function compileFiles(files: readonly ConfigFile[], options: LoadOptions, problems: Problems): LoadResult {
  const documents: SourceDocument[] = []
  for (const file of files) documents.push(...parseDocuments(fileSource(file.path, file.bytes, problems), problems))
  const merged = mergeSettings(documents, options.environment ?? {}, problems)
  const result = { problems: problems.sorted(), settingsDocuments: documents.length }
  if (merged === undefined || problems.hasErrors) return result
  const { services, routes } = merged.settings
  return { ...result, config: { settings: merged.settings, services, routes } }
}

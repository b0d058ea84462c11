// Configuration from text instead of files.
import assert from 'node:assert/strict'
import { compileFiles, type LoadOptions, type LoadResult } from '../../src/config/load.ts'
import { formatProblem, Problems } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/schema/config.ts'

/** `files`: text by path, or the text of c.yaml. */
export function loadText(files: string | Readonly<Record<string, string>>, options: LoadOptions = {}): LoadResult {
  const entries = Object.entries(typeof files === 'string' ? { 'c.yaml': files } : files)
  return compileFiles(
    entries.map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
    options,
    new Problems(),
  )
}

/** Problems, one line each. */
export function problemLines(files: string | Readonly<Record<string, string>>, options: LoadOptions = {}): string[] {
  return loadText(files, options).problems.map(formatProblem)
}

/** Fails when there is a problem, but for the warning that nothing is listened on. */
export function configFromText(files: string | Readonly<Record<string, string>>, options: LoadOptions = {}): Config {
  const { config, problems } = loadText(files, options)
  const lines = problems.filter(({ message }) => !message.startsWith('there is no listener')).map(formatProblem)
  assert.deepEqual(lines, [])
  assert.ok(config)
  return config
}

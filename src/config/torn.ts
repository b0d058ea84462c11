// Guesses whether a file was caught while it was being written.
import type { ConfigFile } from './files.ts'

const NEWLINE = 0x0a

/** It was emptied, or it ends in the middle of a line where it used to end with one. */
export function looksTorn(file: ConfigFile, before: readonly ConfigFile[]): boolean {
  const old = before.find(({ path }) => path === file.path)
  if (old === undefined || old.bytes.length === 0) return file.bytes.length === 0
  return file.bytes.length === 0 || (old.bytes.at(-1) === NEWLINE && file.bytes.at(-1) !== NEWLINE)
}

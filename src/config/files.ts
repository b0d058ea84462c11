// From PATHs on the command line to the bytes of files. A directory means its *.yaml, *.yml and *.json, symbolic links followed,
// hidden entries (a mounted ConfigMap's ..data among them) left out.
import { open, readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readFailure } from '../core/read-failure.ts'
import type { Problems } from './problem.ts'

export interface ConfigFile {
  /** As the user would write it. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Of what is no file on disk: changes with its bytes. */
  readonly version?: string
}

const MAX_FILE_BYTES = 16 * 1024 * 1024
const MAX_FILES = 10_000
const EXTENSION = /\.(yaml|yml|json)$/

/** What can be read is read; what cannot is a problem. In the order of PATHs, within a directory by name. */
export async function readFiles(paths: readonly string[], problems: Problems): Promise<ConfigFile[]> {
  const files = new Map<string, ConfigFile>()
  for (const path of paths) {
    for (const file of await listFiles(path, problems)) {
      if (files.has(resolve(file))) continue
      const read = await readFile(file, problems)
      if (read !== undefined) files.set(resolve(file), read)
    }
  }
  return [...files.values()]
}

export function isConfigFileName(name: string): boolean {
  return !name.startsWith('.') && EXTENSION.test(name)
}

async function listFiles(path: string, problems: Problems): Promise<string[]> {
  const place = { file: path, line: 1, column: 1 }
  try {
    if (!(await stat(path)).isDirectory()) return [path]
    const names = (await readdir(path)).filter(isConfigFileName).sort()
    if (names.length > MAX_FILES) {
      problems.error(place, `the directory has ${names.length} files, more than ${MAX_FILES}`)
      return []
    }
    const files: string[] = []
    for (const name of names) if (await isReadableEntry(join(path, name))) files.push(join(path, name))
    if (files.length === 0) problems.error(place, 'the directory has no *.yaml, *.yml or *.json')
    return files
  } catch (error) {
    problems.error(place, `cannot read: ${readFailure(error)}`)
    return []
  }
}

/** Directories, pipes and the like are passed over; what cannot be looked at is kept, so that reading it says why. */
async function isReadableEntry(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return true
  }
}

async function readFile(path: string, problems: Problems): Promise<ConfigFile | undefined> {
  const place = { file: path, line: 1, column: 1 }
  try {
    await using file = await open(path)
    const chunks: Uint8Array[] = []
    let length = 0
    // read to its end rather than to its size: the path may be a pipe
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(65_536), 0, 65_536)
      if (bytesRead === 0) break
      length += bytesRead
      if (length > MAX_FILE_BYTES) {
        problems.error(place, `the file is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB`)
        return undefined
      }
      chunks.push(buffer.subarray(0, bytesRead))
    }
    return { path, bytes: Buffer.concat(chunks) }
  } catch (error) {
    problems.error(place, `cannot read: ${readFailure(error)}`)
    return undefined
  }
}

// Notices that configuration may have changed: watches the directories of files, of what symbolic links lead to, and of the links
// themselves (a mounted ConfigMap changes by swapping its ..data link); a slow poll stands behind it where no event comes.
import type { Dirent, FSWatcher, Stats } from 'node:fs'
import { lstatSync, readdirSync, readlinkSync, watch } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Closable } from '../core/lifecycle.ts'

/** Changes come in bursts: wait until they have stopped for so long … */
const QUIET_MS = 20
/** … but no longer than this. */
const LONGEST_MS = 150
const POLL_MS = 10_000
const MAX_LINKS = 40
const ALL = '*'

/** Calls `onChange` when something behind `paths` may have changed; whether it has is for the callee to find out. */
export function watchConfig(paths: readonly string[], clock: Clock, onChange: () => void): Closable {
  return new PathWatch(paths, clock, onChange)
}

interface Watched {
  readonly watcher: FSWatcher
  readonly inode: number
}

class PathWatch implements Closable {
  readonly #paths: readonly string[]
  readonly #clock: Clock
  readonly #onChange: () => void
  readonly #watched = new Map<string, Watched>()
  readonly #stopPoll: Cancel
  #interests: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  #cancel: Cancel | undefined
  #firstMs = 0

  constructor(paths: readonly string[], clock: Clock, onChange: () => void) {
    this.#paths = paths
    this.#clock = clock
    this.#onChange = onChange
    this.#stopPoll = clock.every(POLL_MS, () => this.#look())
    this.#rewatch()
  }

  close(): void {
    this.#stopPoll()
    this.#cancel?.()
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  #heard(directory: string, name: string | null): void {
    const names = this.#interests.get(directory)
    if (names === undefined || (name !== null && !names.has(ALL) && !names.has(name))) return
    const now = this.#clock.nowMs()
    if (this.#cancel === undefined) this.#firstMs = now
    else this.#cancel()
    const wait = Math.min(QUIET_MS, Math.max(0, this.#firstMs + LONGEST_MS - now))
    this.#cancel = this.#clock.after(wait, () => this.#look())
  }

  #look(): void {
    this.#cancel?.()
    this.#cancel = undefined
    // before the callee reads: what changes after this is heard
    this.#rewatch()
    this.#onChange()
  }

  /** Watches what there is to be watched by now; a directory that was replaced is watched anew. */
  #rewatch(): void {
    this.#interests = directoriesBehind(this.#paths)
    for (const [directory, { inode }] of this.#watched) {
      if (!this.#interests.has(directory) || inodeOf(directory) !== inode) this.#unwatch(directory)
    }
    for (const directory of this.#interests.keys()) if (!this.#watched.has(directory)) this.#watch(directory)
  }

  #watch(directory: string): void {
    const inode = inodeOf(directory)
    if (inode === undefined) return
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => this.#heard(directory, name))
      watcher.on('error', () => this.#unwatch(directory))
      this.#watched.set(directory, { watcher, inode })
    } catch {
      // no watches left, or the directory has gone: the poll will notice
    }
  }

  #unwatch(directory: string): void {
    this.#watched.get(directory)?.watcher.close()
    this.#watched.delete(directory)
  }
}

/** Directories to watch, with the names in them that matter. */
function directoriesBehind(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const interests = new Map<string, Set<string>>()
  for (const path of paths) {
    const directory = follow(resolve(path), interests)
    if (directory === undefined) continue
    interest(interests, directory, ALL)
    for (const entry of entriesOf(directory)) if (entry.isSymbolicLink()) follow(join(directory, entry.name), interests)
  }
  return interests
}

/** Notes every directory on the way whose change could lead the path elsewhere. Answers where it ends, if that is a directory. */
function follow(path: string, interests: Map<string, Set<string>>): string | undefined {
  let at = path
  for (let links = 0; links < MAX_LINKS; links++) {
    const link = prefixes(at).find((prefix) => statsOf(prefix)?.isSymbolicLink() === true)
    const target = link === undefined ? undefined : targetOf(link)
    if (link === undefined || target === undefined) break
    interest(interests, dirname(link), basename(link))
    at = resolve(dirname(link), target, `.${at.slice(link.length)}`)
  }
  const missing = prefixes(at).find((prefix) => statsOf(prefix) === undefined) ?? at
  interest(interests, dirname(missing), basename(missing))
  return statsOf(at)?.isDirectory() === true ? at : undefined
}

/** /a, /a/b, /a/b/c */
function prefixes(path: string): string[] {
  const all: string[] = []
  for (let at = path; at !== dirname(at); at = dirname(at)) all.unshift(at)
  return all
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

function inodeOf(path: string): number | undefined {
  return statsOf(path)?.ino
}

/** undefined when it is not there or cannot be looked at. */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}

function interest(interests: Map<string, Set<string>>, directory: string, name: string): void {
  const names = interests.get(directory)
  if (names === undefined) interests.set(directory, new Set([name]))
  else names.add(name)
}

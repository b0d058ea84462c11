// The configuration as it is on disk, now and after every change. A change that does not load leaves the last good one in place.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Closable } from '../core/lifecycle.ts'
import { type CompileOrder, type Compiler, compileHere } from './compiler.ts'
import type { Finding } from './draft.ts'
import type { Environment } from './environment.ts'
import type { ConfigFile } from './files.ts'
import { readFiles } from './files.ts'
import type { LoadResult } from './load.ts'
import type { Problem } from './problem.ts'
import { Problems } from './problem.ts'
import type { Config } from './schema/config.ts'
import { type DocumentSupply, withoutBroken } from './supply.ts'
import { looksTorn } from './torn.ts'
import { watchConfig } from './watch.ts'

export interface SourceOptions {
  readonly paths: readonly string[]
  readonly clock: Clock
  readonly environment?: Environment
  /** As in LoadOptions; asked before a Config is handed out. */
  readonly examine?: (config: Config) => readonly Finding[]
  /** Documents besides those of `paths`. */
  readonly supply?: DocumentSupply
  /** Closed with the source; by default this thread, which then asks `examine`. */
  readonly compiler?: Compiler
}

export interface SourceListener {
  /** Another Config is good; `problems` are warnings. */
  changed(config: Config, problems: readonly Problem[]): void
  /** A change was bad; the last good Config stays. */
  refused(problems: readonly Problem[]): void
}

/** A file must look the same for so long before it is believed to be whole. */
const SETTLE_MS = 50
/** The same for what looks torn, and for what has errors: it may be half-written. */
const SETTLE_TORN_MS = 1000
const SETTLE_WRONG_MS = 300
/** What changes all the time is taken as it is after this. */
const NEVER_SETTLES_MS = 1000

/** What was read at one time. */
interface Reading {
  readonly files: readonly ConfigFile[]
  readonly problems: Problems
  readonly fingerprint: string
}

interface Good {
  readonly config: Config
  readonly files: readonly ConfigFile[]
  readonly settingsKeys: readonly string[]
}

export class ConfigSource implements Closable {
  readonly #options: SourceOptions
  readonly #compiler: Compiler
  #listener: SourceListener | undefined
  #watch: Closable | undefined
  #good: Good | undefined
  #problems: readonly Problem[] = []
  /** Of what was last taken or refused. */
  #settled = ''
  /** Since when there is something that was neither taken nor refused. */
  #changedMs = Infinity
  #candidate = { fingerprint: '', sinceMs: 0 }
  #cancelLook: Cancel | undefined
  #looking: Promise<void> | undefined
  #lookAgain = false
  #closed = false

  constructor(options: SourceOptions) {
    this.#options = options
    this.#compiler = options.compiler ?? compileHere(options.examine)
  }

  /** The last good Config; undefined until there is one. */
  get config(): Config | undefined {
    return this.#good?.config
  }

  /** Of the newest change, whether it was taken or refused. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** What there is now, for the start. */
  async load(): Promise<LoadResult> {
    const reading = await this.#read()
    const result = await this.#compile(reading)
    this.#settle(reading, result)
    // the next change may be days away
    this.#compiler.rest()
    return result
  }

  /** From now on `listener` hears of changes, those since load() included. What cannot be read twice, such as a pipe, is not watched. */
  async watch(listener: SourceListener): Promise<void> {
    this.#listener = listener
    for (const path of this.#options.paths) if (await isPipe(path)) return
    if (this.#closed) return
    this.#watch = watchConfig(this.#options.paths, this.#options.clock, () => void this.look())
    this.#options.supply?.watch(() => void this.look())
    await this.look()
  }

  /** Looks for a change now; done when there is none left to be found. */
  look(): Promise<void> {
    this.#lookAgain = true
    this.#looking ??= this.#lookUntilDone()
    return this.#looking
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelLook?.()
    await this.#watch?.close()
    await this.#looking
    await this.#compiler.close()
  }

  async #lookUntilDone(): Promise<void> {
    try {
      while (this.#lookAgain && !this.#closed) {
        this.#lookAgain = false
        await this.#lookOnce()
      }
    } finally {
      this.#looking = undefined
    }
  }

  async #lookOnce(): Promise<void> {
    const reading = await this.#read()
    this.#cancelLook?.()
    if (reading.fingerprint === this.#settled) {
      this.#changedMs = Infinity
      return
    }
    const torn = reading.files.some((file) => file.version === undefined && looksTorn(file, this.#good?.files ?? []))
    this.#compiler.expect(torn ? undefined : this.#orderOf(reading))
    if (!this.#hasSettled(reading, torn ? SETTLE_TORN_MS : SETTLE_MS)) return
    const result = await this.#compile(reading)
    if (this.#closed || (result.config === undefined && !this.#hasSettled(reading, SETTLE_WRONG_MS))) return
    this.#settle(reading, result)
    if (result.config === undefined) this.#listener?.refused(result.problems)
    else this.#listener?.changed(result.config, result.problems)
  }

  /** Whether this is how it has looked for `ms`; if not, there will be another look. */
  #hasSettled({ fingerprint }: Reading, ms: number): boolean {
    const now = this.#options.clock.nowMs()
    if (this.#candidate.fingerprint !== fingerprint) this.#candidate = { fingerprint, sinceMs: now }
    // while it looks half-written it need not be taken
    this.#changedMs = ms === SETTLE_MS ? Math.min(this.#changedMs, now) : now
    const rest = this.#candidate.sinceMs + ms - now
    if (rest <= 0 || (ms === SETTLE_MS && now - this.#changedMs >= NEVER_SETTLES_MS)) return true
    this.#cancelLook = this.#options.clock.after(rest, () => void this.look())
    return false
  }

  #orderOf({ files, problems, fingerprint }: Reading): CompileOrder {
    return { fingerprint, files, environment: this.#options.environment ?? {}, problems: problems.sorted() }
  }

  async #compile(reading: Reading): Promise<LoadResult> {
    const result = await this.#compileOnce(reading)
    if (result.config !== undefined) return result
    const rest = withoutBroken(reading.files, result.problems)
    if (rest === undefined) return result
    const without = await this.#compile({ ...reading, files: rest.files, fingerprint: `less than ${reading.fingerprint}` })
    return { ...without, problems: [...rest.warnings, ...without.problems] }
  }

  async #compileOnce(reading: Reading): Promise<LoadResult> {
    const result = await this.#compiler.compile(this.#orderOf(reading))
    const lost = result.config === undefined ? undefined : this.#lostSettings(reading.files, result)
    return lost === undefined ? result : { problems: [lost], settingsKeys: result.settingsKeys }
  }

  /** A file that goes takes routes and services with it; but settings that nothing else sets are lost, not meant to be the defaults. */
  #lostSettings(files: readonly ConfigFile[], { settingsKeys }: LoadResult): Problem | undefined {
    const gone = this.#good?.files.find(({ path }) => !files.some((file) => file.path === path && file.bytes.length > 0))
    const lost = this.#good?.settingsKeys.filter((key) => !settingsKeys.includes(key)) ?? []
    if (gone === undefined || lost.length === 0) return undefined
    const message = `the file has gone or is empty, and no other sets ${lost.join(', ')}`
    return { file: gone.path, line: 1, column: 1, severity: 'error', message, hint: 'the last good configuration stays' }
  }

  #settle({ files, fingerprint }: Reading, { config, problems, settingsKeys }: LoadResult): void {
    this.#settled = fingerprint
    this.#changedMs = Infinity
    this.#problems = problems
    if (config !== undefined) this.#good = { config, files, settingsKeys }
  }

  async #read(): Promise<Reading> {
    const problems = new Problems()
    const onDisk = await readFiles(this.#options.paths, problems)
    // after those on disk, which win
    const files = [...onDisk, ...(this.#options.supply?.files() ?? [])]
    const hash = createHash('sha256').update(JSON.stringify(problems.sorted()))
    for (const { path, bytes, version } of files) hash.update(`\n${path}\n${bytes.length}\n`).update(version ?? bytes)
    return { files, problems, fingerprint: hash.digest('base64') }
  }
}

async function isPipe(path: string): Promise<boolean> {
  try {
    const found = await stat(path)
    return !found.isFile() && !found.isDirectory()
  } catch {
    return false
  }
}

// The settings documents as one: each is checked by itself, so that problems are found where they were written, then they are merged.
import type { SourceDocument } from './document.ts'
import type { Environment } from './environment.ts'
import { substitute } from './environment.ts'
import { parseWith } from './issues.ts'
import type { Path, Place, Problems } from './problem.ts'
import { formatPath, formatPlace } from './problem.ts'
import type { Settings } from './schema/settings.ts'
import { settingsSchema } from './schema/settings.ts'

/** Lists that grow by every document; anything else may be said once. */
const JOINED_LISTS: ReadonlySet<string> = new Set([
  'services',
  'routes',
  'tcpRoutes',
  'policies',
  'tokens',
  'tests',
  'extensionProviders',
  'gateways',
  'listeners.inbound',
  'listeners.outbound',
  'listeners.gateway',
])

export interface MergedSettings {
  readonly settings: Settings
  /** How many documents say something of them. */
  readonly documents: number
  /** Top-level keys that a document sets, besides lists that documents may add to. */
  readonly keys: readonly string[]
  /** Place of what stands at a path of the merged settings. */
  readonly at: (path: Path) => Place
}

/** undefined when a document is wrong or two contradict each other. `fallback`: place of settings that no document has. */
export function mergeSettings(
  documents: readonly SourceDocument[],
  options: { readonly environment: Environment; readonly fallback: Place },
  problems: Problems,
): MergedSettings | undefined {
  const merge = new Merge(options.fallback, problems)
  for (const document of documents) {
    const value = substitute(document, options.environment, problems)
    if (value === undefined || parseWith(settingsSchema, value, { document, base: [] }, problems) === undefined) continue
    merge.add(document, value)
  }
  if (problems.hasErrors) return undefined
  const keys = Object.keys(merge.value).filter((key) => !JOINED_LISTS.has(key))
  return { settings: settingsSchema.parse(merge.value), documents: documents.length, keys, at: (path) => merge.at(path) }
}

interface Origin {
  readonly document: SourceDocument
  readonly path: Path
}

class Merge {
  readonly value: Record<string, unknown> = {}
  readonly #origins = new Map<string, Origin>()
  readonly #fallback: Place
  readonly #problems: Problems

  constructor(fallback: Place, problems: Problems) {
    this.#fallback = fallback
    this.#problems = problems
  }

  add(document: SourceDocument, value: Readonly<Record<string, unknown>>): void {
    this.#origins.set('', this.#origins.get('') ?? { document, path: [] })
    this.#addKeys(this.value, value, { document, path: [] })
  }

  at(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(formatPath(path.slice(0, length)))
      if (origin !== undefined) return origin.document.at([...origin.path, ...path.slice(length)])
    }
    return this.#fallback
  }

  #addKeys(into: Record<string, unknown>, from: Readonly<Record<string, unknown>>, origin: Origin): void {
    for (const [key, value] of Object.entries(from)) {
      if (value === undefined) continue
      const path = [...origin.path, key]
      const there = into[key]
      if (Array.isArray(value) && JOINED_LISTS.has(formatPath(path)))
        into[key] = this.#joined(there, value, { document: origin.document, path })
      else if (isMapping(value) && (there === undefined || isMapping(there))) {
        const inner = there ?? {}
        into[key] = inner
        this.#addKeys(inner, value, { document: origin.document, path })
      } else if (there === undefined) {
        into[key] = value
        this.#origins.set(formatPath(path), { document: origin.document, path })
      } else this.#conflict(origin.document, path)
    }
  }

  #joined(there: unknown, items: readonly unknown[], { document, path }: Origin): unknown[] {
    const joined = (there ?? []) as unknown[]
    for (const [index, item] of items.entries()) {
      this.#origins.set(formatPath([...path, joined.length]), { document, path: [...path, index] })
      joined.push(item)
    }
    return joined
  }

  #conflict(document: SourceDocument, path: Path): void {
    this.#problems.error(document.keyAt(path), `${formatPath(path)} is set twice, first at ${formatPlace(this.at(path))}`)
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

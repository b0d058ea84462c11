// What takes the place of a request's path. The result is canonical again, whatever comes of it, or there is none.
import type { RewriteConfig } from '../config/schema/route-actions.ts'
import { compileReplace, RegexError, type Replace } from '../core/regex.ts'
import { normalizePath, type PathMode } from './normalize.ts'
import { latin1 } from './spelling.ts'

type Report = (path: readonly string[], message: string) => void

export interface PathRewrite {
  /** Of a path with its query; undefined: the result is no path that could be sent. */
  apply(target: string): string | undefined
}

/** `literal`: the text that the match's prefix or exact path stands for; undefined: it has none. null: the path stays. */
export function compileRewrite(
  config: Pick<RewriteConfig, 'path' | 'prefix' | 'regex'>,
  literal: string | undefined,
  mode: PathMode,
  report: Report,
): PathRewrite | null {
  const given = (['path', 'prefix', 'regex'] as const).filter((key) => config[key] !== undefined)
  if (given.length > 1) report([given[1] as string], `${given[0]} and ${given[1]} can't both take the place of the path`)
  if (config.path !== undefined) return new WholePath(replacementPath(config.path, mode, (message) => report(['path'], message)))
  if (config.prefix !== undefined) {
    if (literal === undefined)
      report(['prefix'], 'there is no prefix to replace: a match of the route has a regular expression or a template')
    return new Prefix(
      literal?.length ?? 0,
      replacementPath(config.prefix === '' ? '/' : config.prefix, mode, (message) => report(['prefix'], message)),
    )
  }
  if (config.regex === undefined) return null
  try {
    return new Expression(compileReplace(latin1(config.regex.pattern), latin1(config.regex.replacement)), mode)
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    report(['regex', 'pattern'], error.message)
    return null
  }
}

class WholePath implements PathRewrite {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  apply(target: string): string {
    const mark = target.indexOf('?')
    return mark < 0 ? this.#path : this.#path + target.slice(mark)
  }
}

/** Both halves are canonical and meet at a slash, so that the whole is canonical, too. */
class Prefix implements PathRewrite {
  readonly #length: number
  /** Without a slash at its end. */
  readonly #replacement: string
  readonly #alone: string

  constructor(length: number, replacement: string) {
    this.#length = length
    this.#alone = replacement
    this.#replacement = replacement.endsWith('/') ? replacement.slice(0, -1) : replacement
  }

  apply(target: string): string {
    const rest = target.slice(this.#length)
    if (rest.startsWith('/')) return this.#replacement + rest
    return this.#alone + rest
  }
}

class Expression implements PathRewrite {
  readonly #replace: Replace
  readonly #mode: PathMode

  constructor(replace: Replace, mode: PathMode) {
    this.#replace = replace
    this.#mode = mode
  }

  apply(target: string): string | undefined {
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    // a query or fragment can't come out of a path
    const replaced = this.#replace(path).replaceAll('?', '%3F').replaceAll('#', '%23')
    // what could be read in one way only stays so
    const strict = normalizePath(path, this.#mode, true) !== undefined
    const normal = replaced.startsWith('/') ? normalizePath(replaced, this.#mode, strict) : undefined
    return mark < 0 || normal === undefined ? normal : normal + target.slice(mark)
  }
}

/** In the form that requests have after normalisation. */
function replacementPath(text: string, mode: PathMode, report: (message: string) => void): string {
  if (!text.startsWith('/')) report(`"${text}" is not a path: it starts with "/"`)
  else if (/[?#]/.test(text)) report('a path has no query and no fragment')
  else {
    const path = normalizePath(latin1(text), mode, true)
    if (path !== undefined) return path
    report(`such a path is refused under pathNormalization ${mode}`)
  }
  return '/'
}

// What is wrong with a configuration, and where: one line each, the same for `check`, log, metric and admin.
import { isSensitivePath, looksSecret } from './secrets.ts'

export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
}

export interface Problem extends Place {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** What to do about it; '' when there is nothing to say. */
  readonly hint: string
}

/** Keys and indexes that lead to a value in a document. */
export type Path = readonly (string | number)[]

const MAX_QUOTED_LENGTH = 60
const SIMPLE_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/
// control characters and what turns the direction of writing would let a document forge lines of a log or terminal
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Collects problems while documents are read. */
export class Problems {
  readonly #list: Problem[] = []

  static of(known: readonly Problem[]): Problems {
    const problems = new Problems()
    problems.#list.push(...known)
    return problems
  }

  error(place: Place, message: string, hint = ''): void {
    this.#add('error', place, message, hint)
  }

  warning(place: Place, message: string, hint = ''): void {
    this.#add('warning', place, message, hint)
  }

  get hasErrors(): boolean {
    return this.#list.some((problem) => problem.severity === 'error')
  }

  /** In the order of files and lines, each once. */
  sorted(): Problem[] {
    const lines = new Map(this.#list.map((problem) => [formatProblem(problem), problem]))
    return [...lines.values()].sort((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column)
  }

  #add(severity: Problem['severity'], { file, line, column }: Place, message: string, hint: string): void {
    this.#list.push({ file, line, column, severity, message, hint })
  }
}

/** file:line:column: message (hint) */
export function formatProblem(problem: Problem): string {
  const severity = problem.severity === 'warning' ? 'warning: ' : ''
  const hint = problem.hint === '' ? '' : ` (${problem.hint})`
  return `${problem.file}:${problem.line}:${problem.column}: ${severity}${problem.message}${hint}`.replace(UNPRINTABLE, escaped)
}

/** services[0].port */
export function formatPath(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (SIMPLE_KEY.test(key)) text += text === '' ? key : `.${key}`
    else text += `[${JSON.stringify(key)}]`
  }
  return text
}

/** What stands at a path; undefined: nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let inner = value
  for (const key of path) inner = (inner as Record<string | number, unknown> | null | undefined)?.[key]
  return inner
}

/** A value as the user wrote it, shortened; never a secret. */
export function quote(value: unknown, path: Path = []): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a mapping'
  if (value === null || value === undefined) return 'nothing'
  if (isSensitivePath(path) || (typeof value === 'string' && looksSecret(value))) return 'a hidden value'
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`
}

/** file:line:column */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

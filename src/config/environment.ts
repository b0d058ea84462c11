// ${NAME} and ${NAME:-fallback} as a whole value: what differs from Pod to Pod while they share one mounted file.
import type { SourceDocument } from './document.ts'
import type { Path, Problems } from './problem.ts'
import { formatPath } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/

/** The value with references replaced; only whole values are, so that regular expressions need no escapes. */
export function substitute(document: SourceDocument, environment: Environment, problems: Problems): unknown {
  const replace = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return replaceText(value, path)
    if (Array.isArray(value)) return value.map((item, index) => replace(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, [...path, key])]))
  }
  const replaceText = (text: string, path: Path): string => {
    const reference = REFERENCE.exec(text)
    if (reference === null) return text
    const [, name, fallback] = reference
    const replaced = environment[name as string] ?? fallback
    if (replaced !== undefined) return replaced
    problems.error(
      document.at(path),
      `${formatPath(path)}: the environment variable ${name} is not set`,
      `\${${name}:-…} names a fallback`,
    )
    return text
  }
  return replace(document.value, [])
}

// ${NAME} and ${NAME:-fallback} as a whole value: what differs from Pod to Pod while they share one mounted file.
import type { SourceDocument } from './document.ts'
import type { Path, Problems } from './problem.ts'
import { formatPath } from './problem.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}$/

/** The document's value with references replaced, or undefined when a variable is not set. Only whole values are references, so that
 *  regular expressions need no escapes. */
export function substitute(
  document: SourceDocument,
  environment: Environment,
  problems: Problems,
): Readonly<Record<string, unknown>> | undefined {
  let complete = true
  const replaceText = (text: string, path: Path): string => {
    const reference = REFERENCE.exec(text)
    if (reference === null) return text
    const [, name, fallback] = reference
    const replaced = (Object.hasOwn(environment, name as string) ? environment[name as string] : undefined) ?? fallback
    if (replaced !== undefined) return replaced
    complete = false
    const hint = `\${${name}:-…} names a fallback`
    problems.error(document.at(path), `${formatPath(path)}: the environment variable ${name} is not set`, hint)
    return text
  }
  const replace = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return replaceText(value, path)
    if (Array.isArray(value)) return value.map((item, index) => replace(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, [...path, key])]))
  }
  const value = replace(document.value, []) as Readonly<Record<string, unknown>>
  return complete ? value : undefined
}

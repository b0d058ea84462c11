// Shapes of JSON values: a check returns the value with its type or throws where and what was expected.
import { didYouMean } from '../../config/nearest.ts'

export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** `at`: where the value stands, for messages; '' for the whole. */
export type Shape<T> = (value: unknown, at: string) => T

export const anything: Shape<unknown> = (value) => value

export const text: Shape<string> = (value, at) => (typeof value === 'string' ? value : wrong(at, 'text', value))

export function whole(min: number, max: number): Shape<number> {
  return (value, at) => {
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    return fits ? value : wrong(at, `a whole number from ${min} to ${max}`, value)
  }
}

export function oneOf<const T extends string>(choices: readonly T[]): Shape<T> {
  return (value, at) => choices.find((choice) => choice === value) ?? wrong(at, `one of ${choices.join(', ')}`, value)
}

export function either<A, B>(first: readonly ['string', Shape<A>], other: Shape<B>): Shape<A | B> {
  return (value, at) => (typeof value === first[0] ? first[1](value, at) : other(value, at))
}

/** Anything under any key. */
export const mapping: Shape<Record<string, unknown>> = (value, at) => (isMapping(value) ? value : wrong(at, 'a mapping', value))

export function mappingOf<T>(shape: Shape<T>): Shape<Record<string, T>> {
  return (value, at) =>
    Object.fromEntries(Object.entries(mapping(value, at)).map(([key, item]) => [key, shape(item, below(at, key))]))
}

export function listOf<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) => (Array.isArray(value) ? value.map((item, i) => shape(item, `${at}[${i}]`)) : wrong(at, 'a list', value))
}

/** [name, value] */
export const pair: Shape<readonly [string, string]> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 2) return wrong(at, 'a pair [name, value]', value)
  return [text(value[0], `${at}[0]`), text(value[1], `${at}[1]`)]
}

type Members<F> = { readonly [K in keyof F]?: F[K] extends Shape<infer T> ? T : never }

/** These keys and no others; each may be left out, or null, which means the same. */
export function object<F extends Record<string, Shape<unknown>>>(shapes: F): Shape<Members<F>> {
  const known = Object.keys(shapes)
  return (value, at) => {
    const found: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(mapping(value, at))) {
      if (!Object.hasOwn(shapes, key))
        throw new ShapeError(`unknown key ${JSON.stringify(below(at, key))} (${didYouMean(key, known)})`)
      if (item !== null) found[key] = (shapes[key] as Shape<unknown>)(item, below(at, key))
    }
    return found as Members<F>
  }
}

function below(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(at: string, expected: string, value: unknown): never {
  const shown = JSON.stringify(value)
  const got = shown === undefined || shown.length > 60 ? (Array.isArray(value) ? 'a list' : `a ${typeof value}`) : shown
  throw new ShapeError(`${at === '' ? '' : `${at}: `}expected ${expected}, got ${got}`)
}

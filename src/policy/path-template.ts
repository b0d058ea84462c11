// Paths with {*} for one segment and {**} for any number of them, as Istio's policies write them (Envoy's URI templates).
// hot path: bench/micro/policy/decide.ts

const ONE = '{*}'
const ANY = '{**}'
const SLASH = 47

export function isTemplate(path: string): boolean {
  return path.includes('{') || path.includes('}')
}

/** Why it is none; undefined: it is one. */
export function templateProblem(path: string): string | undefined {
  if (!path.startsWith('/')) return 'a template begins with "/"'
  let any = false
  for (const segment of path.slice(1).split('/')) {
    if (segment === ONE || segment === ANY) {
      if (any) return `${ANY} must be its last wildcard, but ${segment} comes after it`
      any = segment === ANY
    } else if (/[{}*]/.test(segment)) return `"${segment}" is neither text nor ${ONE} nor ${ANY}`
  }
  return undefined
}

export class PathTemplate {
  readonly #before: readonly string[]
  /** Text after {**}; null: there is none, and the number of segments is fixed. */
  readonly #after: string | null

  constructor(template: string) {
    const segments = template.slice(1).split('/')
    const any = segments.indexOf(ANY)
    this.#before = any < 0 ? segments : segments.slice(0, any)
    const after = segments.slice(any + 1).map((segment) => `/${segment}`)
    this.#after = any < 0 ? null : after.join('')
  }

  /** What every path that it matches begins with. */
  get prefix(): string {
    const wild = this.#before.indexOf(ONE)
    const texts = wild < 0 ? this.#before : this.#before.slice(0, wild)
    const open = wild >= 0 || this.#after !== null
    return `/${texts.join('/')}${open && texts.length > 0 ? '/' : ''}`
  }

  test(path: string): boolean {
    if (path.charCodeAt(0) !== SLASH) return false
    const before = this.#before
    const after = this.#after
    let at = 1
    for (let i = 0; i < before.length; i++) {
      const slash = path.indexOf('/', at)
      const last = after === null && i === before.length - 1
      if (last !== slash < 0) return false
      const end = last ? path.length : slash
      if (before[i] === ONE ? end === at : end - at !== (before[i] as string).length || !path.startsWith(before[i] as string, at))
        return false
      at = end + 1
    }
    // what {**} stands for may be empty, but the slashes on both sides of it are two
    return after === null || (path.endsWith(after) && path.length - after.length >= at)
  }
}

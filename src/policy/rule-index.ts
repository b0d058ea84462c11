// Finds the first rule that matches without looking at those that can't: each rule is filed under the rarest values that it asks for.
// hot path: bench/micro/policy/decide.ts
import { BlockIndex, TextIndex } from './buckets.ts'
import type { PolicyInput } from './input.ts'
import type { Rule } from './rule.ts'
import type { Findable, Test } from './test.ts'

/** Rules in their order; the first one that matches decides. */
export class RuleIndex {
  readonly #requests: Filing
  /** Bytes have no head: what needs one finds nothing there, and may not keep a rule from being looked at. */
  readonly #bytes: Filing

  constructor(rules: readonly Rule[]) {
    this.#requests = new Filing(rules, () => true)
    const needsHead = rules.some(({ parts }) =>
      [...parts.from.flat(), ...parts.to.flat(), ...parts.when].some(({ http }) => http),
    )
    this.#bytes = needsHead ? new Filing(rules, ({ http }) => !http) : this.#requests
  }

  find(input: PolicyInput): Rule | undefined {
    return (input.head === undefined ? this.#bytes : this.#requests).find(input)
  }
}

/** One thing that is looked at, and the rules filed under its values. */
class Dimension {
  readonly #findable: Findable
  readonly texts = new TextIndex<Filed>()
  readonly blocks = new BlockIndex<Filed>()

  constructor(findable: Findable) {
    this.#findable = findable
  }

  find(input: PolicyInput, best: Filed | undefined): Filed | undefined {
    const read = this.#findable.read(input)
    if (typeof read === 'string') return this.#among(read, input, best)
    let found = best
    for (let i = 0; i < read.length; i++) found = this.#among(read[i] as string, input, found)
    return found
  }

  #among(text: string, input: PolicyInput, best: Filed | undefined): Filed | undefined {
    let found = best
    const { texts, blocks } = this
    const exact = texts.exact.get(text)
    if (exact !== undefined) found = earliest(exact, input, found)
    for (let i = 0; i < texts.prefixes.length; i++) {
      const list = texts.prefixed(i, text)
      if (list !== undefined) found = earliest(list, input, found)
    }
    for (let i = 0; i < texts.suffixes.length; i++) {
      const list = texts.suffixed(i, text)
      if (list !== undefined) found = earliest(list, input, found)
    }
    if (blocks.size === 0) return found
    const bytes = blocks.bytesOf(text)
    if (bytes === null) return found
    for (let i = 0; i < blocks.lengths(bytes); i++) {
      const list = blocks.within(i, bytes)
      if (list !== undefined) found = earliest(list, input, found)
    }
    return found
  }
}

interface Filed {
  readonly rule: Rule
  readonly order: number
}

class Filing {
  readonly #dimensions: Dimension[] = []
  /** Those that could match anything. */
  readonly #rest: Filed[] = []

  constructor(rules: readonly Rule[], usable: (test: Test) => boolean) {
    const counts = countKeys(rules, usable)
    const byName = new Map<string, Dimension>()
    rules.forEach((rule, order) => {
      const filed = { rule, order }
      const where = rarest(rule, usable, counts)
      if (where === undefined) this.#rest.push(filed)
      else for (const findable of where) this.#file(filed, findable, byName)
    })
  }

  find(input: PolicyInput): Rule | undefined {
    let best = this.#rest.length === 0 ? undefined : earliest(this.#rest, input, undefined)
    const dimensions = this.#dimensions
    for (let i = 0; i < dimensions.length; i++) best = (dimensions[i] as Dimension).find(input, best)
    return best?.rule
  }

  #file(filed: Filed, findable: Findable, byName: Map<string, Dimension>): void {
    const { dimension: name, keys } = findable
    let dimension = byName.get(name)
    if (dimension === undefined) {
      dimension = new Dimension(findable)
      byName.set(name, dimension)
      this.#dimensions.push(dimension)
    }
    for (const { kind, text } of keys) {
      if (kind === 'block') dimension.blocks.add(text, filed)
      else dimension.texts.add(kind, text, filed)
    }
  }
}

/** Lists are in the order of the rules, so what comes after `best` need not be looked at. */
function earliest(list: readonly Filed[], input: PolicyInput, best: Filed | undefined): Filed | undefined {
  const limit = best === undefined ? Number.POSITIVE_INFINITY : best.order
  for (let i = 0; i < list.length; i++) {
    const filed = list[i] as Filed
    if (filed.order >= limit) return best
    if (filed.rule.matches(input)) return filed
  }
  return best
}

function countKeys(rules: readonly Rule[], usable: (test: Test) => boolean): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { parts } of rules) {
    for (const test of [...parts.from.flat(), ...parts.to.flat(), ...parts.when]) {
      if (test.found === null || !usable(test)) continue
      for (const { kind, text } of test.found.keys) {
        const key = `${test.found.dimension} ${kind} ${text}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
  }
  return counts
}

/** The keys under which it stands with the fewest others: of one condition, of each of its sources, or of each of its operations. */
function rarest({ parts }: Rule, usable: (test: Test) => boolean, counts: ReadonlyMap<string, number>): Findable[] | undefined {
  let best: Findable[] | undefined
  let bestCost = Number.POSITIVE_INFINITY
  const offer = (groups: readonly (readonly Test[])[]): void => {
    if (groups.length === 0) return
    const chosen = groups.map((tests) => cheapest(tests, usable, counts))
    const cost = chosen.reduce((sum, one) => sum + one.cost, 0)
    if (cost >= bestCost) return
    bestCost = cost
    best = chosen.flatMap(({ findable }) => findable ?? [])
  }
  offer(parts.from)
  offer(parts.to)
  for (const test of parts.when) offer([[test]])
  return best
}

function cheapest(
  tests: readonly Test[],
  usable: (test: Test) => boolean,
  counts: ReadonlyMap<string, number>,
): { findable: Findable | undefined; cost: number } {
  let best: { findable: Findable | undefined; cost: number } = { findable: undefined, cost: Number.POSITIVE_INFINITY }
  for (const test of tests) {
    const { found } = test
    if (found === null || !usable(test)) continue
    const cost = found.keys.reduce((sum, { kind, text }) => sum + (counts.get(`${found.dimension} ${kind} ${text}`) ?? 0), 0)
    if (cost < best.cost) best = { findable: found, cost }
  }
  return best
}

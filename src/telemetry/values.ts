// Numbers behind the own families: cells bound to a label set at load, so that counting is one addition.
import type { Cancel } from '../core/clock.ts'
import { labelText, type Sample } from './exposition.ts'
import { OVERFLOW } from './families.ts'
import type { FamilySpec } from './family.ts'

export type Labels = Readonly<Record<string, string>>

export interface Counter {
  add(by?: number): void
}

export interface Gauge {
  set(value: number): void
}

export interface Histogram {
  observe(value: number): void
}

/** Adds `value` to the gauge of `labels`, in this scrape only. */
export type Put<L = Labels> = (labels: L, value: number) => void

class Cell implements Counter, Gauge, Sample {
  readonly labels: string
  readonly numbers = [0]

  constructor(labels: string) {
    this.labels = labels
  }

  add(by = 1): void {
    ;(this.numbers[0] as number) += by
  }

  set(value: number): void {
    this.numbers[0] = value
  }
}

class BucketCell implements Histogram, Sample {
  readonly labels: string
  readonly numbers: Float64Array
  readonly #bounds: readonly number[]

  constructor(labels: string, bounds: readonly number[]) {
    this.labels = labels
    this.#bounds = bounds
    this.numbers = new Float64Array(bounds.length + 2)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    ;(this.numbers[bucket] as number)++
    ;(this.numbers[bounds.length + 1] as number) += value
  }
}

/** All label sets of one own family. The same labels give the same cell, so counters survive a reload. */
export class Family {
  readonly spec: FamilySpec
  readonly #maxSeries: number
  readonly #cells = new Map<string, Cell | BucketCell>()
  readonly #readers = new Set<(put: Put) => void>()

  constructor(spec: FamilySpec, maxSeries: number) {
    this.spec = spec
    this.#maxSeries = maxSeries
    // a family whose label sets are all known shows them from the start: a rate needs its zero
    if (spec.type !== 'gauge') for (const labels of closedSets(spec)) this.bind(labels)
  }

  get size(): number {
    return this.#cells.size
  }

  bind(labels: Labels): Cell | BucketCell {
    return this.#cellIn(this.#cells, labels)
  }

  /** Calls `read` at each scrape. What it puts takes the place of what was bound. */
  collectFrom(read: (put: Put) => void): Cancel {
    this.#readers.add(read)
    return () => void this.#readers.delete(read)
  }

  *samples(): Generator<Sample, void, undefined> {
    const read = new Map<string, Cell | BucketCell>()
    for (const reader of this.#readers) reader((labels, value) => (this.#cellIn(read, labels) as Cell).add(value))
    for (const cell of this.#cells.values()) if (!read.has(cell.labels)) yield cell
    yield* read.values()
  }

  #cellIn(cells: Map<string, Cell | BucketCell>, given: Labels): Cell | BucketCell {
    const { labels: names, buckets } = this.spec
    let text = labelText(inOrder(names, (name) => given[name] as string))
    let cell = cells.get(text)
    if (cell !== undefined) return cell
    if (cells.size >= this.#maxSeries) {
      text = labelText(inOrder(names, () => OVERFLOW))
      cell = cells.get(text)
      if (cell !== undefined) return cell
    }
    cell = buckets === undefined ? new Cell(text) : new BucketCell(text, buckets)
    cells.set(text, cell)
    return cell
  }
}

function inOrder(names: FamilySpec['labels'], value: (name: string) => string): Labels {
  const labels: Record<string, string> = {}
  for (const name in names) labels[name] = value(name)
  return labels
}

/** Every label set of a family where all labels are closed; none where one is not. */
function closedSets(spec: FamilySpec): Labels[] {
  let sets: Labels[] = [{}]
  for (const [name, values] of Object.entries(spec.labels)) {
    if (values === 'configured') return []
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value })))
  }
  return sets
}

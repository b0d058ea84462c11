// Makes one answer of the numbers of several processes.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { renderFamily, type Sample } from './exposition.ts'
import { ISTIO, OWN } from './families.ts'
import type { FamilySpec } from './family.ts'
import { mergeProcesses } from './process-metrics.ts'

/** The numbers of one process at one moment, as they travel between processes. */
export interface MetricsSnapshot {
  /** By name of the family: label set and numbers of each series. */
  readonly families: Readonly<Record<string, readonly (readonly [string, readonly number[]])[]>>
  /** In prom-client's form. */
  readonly process: readonly object[]
}

type Series = Map<string, number[]>

const SPECS: readonly FamilySpec[] = [...Object.values(ISTIO), ...Object.values(OWN)]

/** What several processes count together. */
export class Merged {
  readonly #series = new Map<string, Series>()

  /** `lastingOnly`: without gauges, which end with their process. */
  add(snapshot: MetricsSnapshot, lastingOnly = false): void {
    for (const spec of SPECS) {
      if (lastingOnly && spec.type === 'gauge') continue
      const samples = snapshot.families[spec.name]
      if (samples === undefined) continue
      let series = this.#series.get(spec.name)
      if (series === undefined) this.#series.set(spec.name, (series = new Map()))
      for (const [labels, numbers] of samples) mergeInto(series, labels, numbers, spec.merge)
    }
  }

  samples(spec: FamilySpec): Sample[] {
    return [...(this.#series.get(spec.name) ?? [])].map(([labels, numbers]) => ({ labels, numbers }))
  }

  /** What `add` takes. */
  snapshot(): MetricsSnapshot {
    return { families: Object.fromEntries([...this.#series].map(([name, series]) => [name, [...series]])), process: [] }
  }
}

/** As `Metrics.text`, of all processes together. */
export async function* mergedText(snapshots: readonly MetricsSnapshot[]): AsyncGenerator<string, void, undefined> {
  const merged = new Merged()
  for (const snapshot of snapshots) {
    merged.add(snapshot)
    await nextTurn()
  }
  for (const spec of SPECS) {
    for (const piece of renderFamily(spec, merged.samples(spec))) {
      yield piece
      await nextTurn()
    }
  }
  const processes = snapshots.map(({ process }) => [...process]).filter((metrics) => metrics.length > 0)
  if (processes.length > 0) yield await mergeProcesses(processes)
}

function mergeInto(series: Series, labels: string, numbers: readonly number[], how: FamilySpec['merge']): void {
  const sofar = series.get(labels)
  if (sofar === undefined) {
    series.set(labels, [...numbers])
    return
  }
  for (let i = 0; i < sofar.length; i++) {
    const a = sofar[i] as number
    const b = numbers[i] ?? a
    sofar[i] = how === 'sum' ? a + b : how === 'max' ? Math.max(a, b) : Math.min(a, b)
  }
}

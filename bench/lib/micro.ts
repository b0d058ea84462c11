// Runs one operation over and over: ns per operation, median of several runs, and the spread of them.
import { summarize } from './stats.ts'

const RUNS = 9
const RUN_MS = 60

/** Keeps results alive, so that no operation is optimised away. */
export const sink: { value: unknown } = { value: undefined }

export function micro(name: string, operation: (i: number) => unknown): void {
  const count = calibrate(operation)
  const { median, min, max } = summarize(Array.from({ length: RUNS }, () => (run(operation, count) / count) * 1e6))
  console.log(`${name.padEnd(46)}${median.toFixed(0).padStart(8)} ns   (${min.toFixed(0)}–${max.toFixed(0)})`)
}

/** How many fit into a run, found after warming up. */
function calibrate(operation: (i: number) => unknown): number {
  let count = 64
  while (run(operation, count) < RUN_MS) count *= 2
  return count
}

function run(operation: (i: number) => unknown, count: number): number {
  const start = performance.now()
  for (let i = 0; i < count; i++) sink.value = operation(i)
  return performance.now() - start
}

// What names for an exchange cost. node bench/micro/telemetry/trace.ts; prints ns, median and worst thousandth.
import { randomUUID } from 'node:crypto'
import { Fields } from '../../../src/core/fields.ts'
import { ensureTraceparent, IdSource, requestIdOf } from '../../../src/telemetry/trace.ts'

const CALLS = 200_000
const ids = new IdSource()
const given = Fields.of(
  ['Host', 'catalog.shop'],
  ['x-request-id', '84961386-6d84-929d-98bd-c5aee93b5c88'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
)

const SCENES: [string, () => void][] = [
  ['crypto.randomUUID', () => void randomUUID()],
  ['IdSource.uuid', () => void ids.uuid()],
  ['requestIdOf, given', () => void requestIdOf(given, ids)],
  ['requestIdOf, made', () => void requestIdOf(new Fields(), ids)],
  ['ensureTraceparent, given', () => ensureTraceparent(given, ids)],
  ['ensureTraceparent, made', () => ensureTraceparent(new Fields(), ids)],
]

for (const [name, call] of SCENES) {
  for (let i = 0; i < CALLS; i++) call()
  const start = performance.now()
  for (let i = 0; i < CALLS; i++) call()
  const mean = ((performance.now() - start) / CALLS) * 1e6
  const times = Float64Array.from({ length: CALLS }, () => {
    const from = performance.now()
    call()
    return (performance.now() - from) * 1e6
  }).sort()
  console.log(
    `${name.padEnd(26)}${mean.toFixed(0).padStart(6)} ns, worst thousandth ${(times[Math.floor(CALLS * 0.999)] as number).toFixed(0)} ns`,
  )
}

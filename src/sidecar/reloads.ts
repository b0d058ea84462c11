// What metrics say of changes of the configuration.
import type { Metrics } from '../telemetry/metrics.ts'

export function reloadTaken(metrics: Metrics, atWallMs: number, generation: number): void {
  metrics.counter('reloads', { result: 'success' }).add()
  metrics.gauge('reloadGood', {}).set(1)
  metrics.gauge('reloadAt', {}).set(atWallMs / 1000)
  metrics.gauge('generation', {}).set(generation)
}

export function reloadRefused(metrics: Metrics): void {
  metrics.counter('reloads', { result: 'failure' }).add()
  metrics.gauge('reloadGood', {}).set(0)
}

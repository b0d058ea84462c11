// One answer for several processes of node:cluster.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { systemClock } from '../../src/core/clock.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { WorkerMetrics } from '../../src/telemetry/workers.ts'
import { parseText, textOf, valuesOf } from '../support/prometheus-text.ts'

t.test('the primary tells of all workers, also of one that has died', async (t) => {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('../support/metrics-worker.ts', import.meta.url)) })
  const primary = new WorkerMetrics(new Metrics({ clock: systemClock, maxSeries: 100 }), systemClock)
  const workers: Worker[] = []
  t.teardown(() => {
    for (const worker of workers) worker.process.kill('SIGKILL')
  })
  const start = async (exchanges: number): Promise<Worker> => {
    const worker = cluster.fork({ EXCHANGES: String(exchanges) })
    workers.push(worker)
    await once(worker, 'message')
    primary.add(worker)
    worker.once('exit', () => primary.remove(worker))
    return worker
  }
  const read = async (name: string) => valuesOf(parseText(await textOf(primary.text())), name)
  const [first] = await Promise.all([start(3), start(4)])
  t.same(await read('istio_requests_total'), [7])
  t.equal((await read('process_resident_memory_bytes')).length, 1)
  const gone = once(first, 'exit')
  first.process.kill('SIGKILL')
  await gone
  t.same(await read('istio_requests_total'), [7])
  await start(5)
  t.same(await read('istio_requests_total'), [12])
})

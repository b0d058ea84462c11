import { EventEmitter } from 'node:events'
import t from 'tap'
import { Metrics } from '../../../src/telemetry/metrics.ts'
import { answerPrimary, type Channel, WorkerMetrics } from '../../../src/telemetry/workers.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { outcome } from '../../support/outcome.ts'
import { parseText, textOf, valuesOf } from '../../support/prometheus-text.ts'

/** Two ends; what one sends the other hears, as text between processes. */
function channelPair(): [Channel & { deaf: boolean; heard: number }, Channel] {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  const here = endOf(ends[0], ends[1])
  here.on('message', () => here.heard++)
  return [here, endOf(ends[1], ends[0])]
}

function endOf(own: EventEmitter, other: EventEmitter) {
  return {
    deaf: false,
    heard: 0,
    send(message: unknown) {
      if (!this.deaf) setImmediate(() => other.emit('message', JSON.parse(JSON.stringify(message))))
    },
    on: (event: 'message', told: (message: unknown) => void) => own.on(event, told),
  }
}

function setUp() {
  const clock = new FakeClock()
  const newMetrics = () => new Metrics({ clock, maxSeries: 100 })
  const primary = new WorkerMetrics(newMetrics(), clock)
  const worker = () => {
    const [here, there] = channelPair()
    const metrics = newMetrics()
    answerPrimary(there, metrics)
    primary.add(here)
    return { channel: here, metrics }
  }
  const requests = async () => valuesOf(parseText(await textOf(primary.text())), 'istio_requests_total')
  return { clock, primary, worker, requests }
}

t.test('one answer for all workers', async (t) => {
  const { worker, requests } = setUp()
  for (const times of [2, 3]) {
    const { metrics } = worker()
    for (let i = 0; i < times; i++) metrics.ended(outcome())
  }
  t.same(await requests(), [5])
})

t.test('what a gone worker had counted stays', async (t) => {
  const { worker, primary, requests } = setUp()
  const [first, second] = [worker(), worker()]
  first.metrics.ended(outcome())
  second.metrics.ended(outcome())
  t.same(await requests(), [2])
  primary.remove(first.channel)
  worker()
  t.same(await requests(), [2])
})

t.test('a worker that does not answer is waited for a second and keeps what it said', async (t) => {
  const { clock, worker, requests } = setUp()
  const stuck = worker()
  const other = worker()
  stuck.metrics.ended(outcome())
  other.metrics.ended(outcome())
  t.same(await requests(), [2])
  stuck.channel.deaf = true
  stuck.metrics.ended(outcome())
  other.metrics.ended(outcome())
  const answer = requests()
  await eventually(() => other.channel.heard === 2)
  await clock.pass(1000)
  t.same(await answer, [3])
  t.equal(clock.timers, 0)
})

t.test('other messages are left alone', async (t) => {
  const { worker, requests } = setUp()
  const { channel } = worker()
  for (const message of [null, 'x', { type: 'other' }]) channel.send?.(message, () => {})
  t.same(await requests(), [])
})

// One resource of the API: where a watch goes on, and how long it waits after a failure.
import t, { type Test } from 'tap'
import { ApiError, type ApiObject, type Query, type WatchEvent } from '../../../../src/discovery/kubernetes/api.ts'
import { Reflector } from '../../../../src/discovery/kubernetes/reflector.ts'
import type { ApiResource } from '../../../../src/discovery/kubernetes/resources.ts'
import { eventually } from '../../../support/eventually.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { RecordingLog } from '../../../support/recording-log.ts'

const SERVICES: ApiResource = { group: '', kind: 'Service', plural: 'services', versions: ['v1'], isLocal: false, query: {} }

interface Step {
  readonly events?: readonly WatchEvent[]
  readonly error?: ApiError
}

const object = (name: string, resourceVersion: string): ApiObject => ({ metadata: { name, namespace: 'shop', resourceVersion } })

/** Answers each watch by the next step; the last one stays open. */
function reflect(t: Test, steps: readonly Step[], lists: readonly (ApiError | readonly ApiObject[])[] = [[]]) {
  const asked: string[] = []
  const clock = new FakeClock()
  const log = new RecordingLog()
  let [step, listed] = [0, 0]
  const api = {
    get: () => Promise.resolve({}),
    list(path: string, query: Query) {
      asked.push(`list ${path} ${query['continue'] ?? ''}`.trim())
      const answer = lists[Math.min(listed++, lists.length - 1)] as ApiError | readonly ApiObject[]
      if (answer instanceof ApiError) return Promise.reject(answer)
      return Promise.resolve({ items: answer, resourceVersion: String(10 * listed), next: '' })
    },
    watch(_path: string, query: Query, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void> {
      asked.push(`watch ${query['resourceVersion']}`)
      const { events, error } = steps[step++] ?? {}
      for (const event of events ?? []) {
        try {
          onEvent(event)
        } catch (thrown) {
          return Promise.reject(thrown)
        }
      }
      if (error !== undefined) return Promise.reject(error)
      if (step <= steps.length) return Promise.resolve()
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  }
  const reflector = new Reflector({ api, resource: SERVICES, namespace: '', clock, log, onChange: () => {} })
  reflector.start()
  t.teardown(() => reflector.close())
  return { reflector, asked, clock, log }
}

t.test('goes on from the last event, or from a bookmark', async (t) => {
  const added: WatchEvent = { type: 'ADDED', object: object('a', '11') }
  const bookmark: WatchEvent = { type: 'BOOKMARK', object: { metadata: { name: '', resourceVersion: '50' } } }
  const { reflector, asked } = reflect(t, [{ events: [added] }, { events: [bookmark] }])
  await eventually(() => asked.length === 4)
  t.strictSame(asked, ['list /api/v1/services', 'watch 10', 'watch 11', 'watch 50'])
  t.strictSame([...reflector.objects.keys()], ['shop/a'], 'a bookmark is no object')
})

t.test('lists anew at once when what it stands on is gone, whichever way it is told', async (t) => {
  const gone: WatchEvent = { type: 'ERROR', object: { metadata: { name: '' }, code: 410, message: 'too old' } }
  const { reflector, asked } = reflect(
    t,
    [{ events: [gone] }, { error: new ApiError(410, '410 Gone') }],
    [[object('a', '1')], [object('b', '2')]],
  )
  await eventually(() => asked.length === 6)
  t.strictSame(
    asked.map((what) => what.split(' ')[0]),
    ['list', 'watch', 'list', 'watch', 'list', 'watch'],
  )
  t.strictSame([...reflector.objects.keys()], ['shop/b'], 'what is not in the list any more has gone')
})

t.test('waits longer after each failure, by chance more or less, and never for ever', async (t) => {
  const { reflector, asked, clock, log } = reflect(t, [], [new ApiError(0, 'connect ECONNREFUSED'), new ApiError(503, '503'), []])
  await eventually(() => asked.length === 1 && reflector.problem !== '')
  t.equal(reflector.state, 'starting')
  t.match(
    log.lines.map(({ message }) => message),
    [/the Kubernetes API does not answer/],
  )
  clock.advance(240)
  t.equal(asked.length, 1)
  clock.advance(600)
  await eventually(() => asked.length === 2 && reflector.problem === '503')
  clock.advance(490)
  t.equal(asked.length, 2, 'twice as long')
  clock.advance(1100)
  await eventually(() => reflector.state === 'synced')
  t.equal(reflector.problem, '')
})

t.test('half a list changes nothing', async (t) => {
  const { reflector, asked, clock } = reflect(
    t,
    [{ error: new ApiError(410, '') }],
    [[object('a', '1')], new ApiError(500, '500'), [object('b', '2')]],
  )
  await eventually(() => asked.length === 3 && reflector.problem === '500')
  t.strictSame([...reflector.objects.keys()], ['shop/a'])
  t.equal(reflector.state, 'behind')
  clock.advance(2000)
  await eventually(() => [...reflector.objects.keys()].join() === 'shop/b')
})

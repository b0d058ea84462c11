import t from 'tap'
import { type Fault } from '../../../src/routing/fault.ts'
import { compiled, headOf } from '../../support/routing.ts'

/** `chance`: what random draws, again and again. */
function faultOf(fault: object, chance = 0): Fault {
  const { table, problems } = compiled([{ services: [{ service: 'a' }], fault }], { random: () => chance })
  t.same(problems, [])
  return table.match(headOf({}))?.guards?.fault as Fault
}

t.test('strikes the share of requests that it says', async (t) => {
  const input = { delay: { time: '2s', percent: 25 }, abort: { status: 500, percent: 25.5 } }
  t.equal(faultOf(input, 0.249).delayOf(headOf({})), 2000)
  t.equal(faultOf(input, 0.25).delayOf(headOf({})), 0)
  t.match(faultOf(input, 0.254).abortOf(headOf({})), { status: 500 })
  t.equal(faultOf(input, 0.255).abortOf(headOf({})), undefined)
  t.equal(faultOf({ abort: { status: 500, percent: 0 } }).abortOf(headOf({})), undefined)
})

t.test('only requests whose fields match', async (t) => {
  const fault = faultOf({ abort: { grpcStatus: 14 }, headers: { 'x-user': { prefix: 'test-' } } })
  t.ok(fault.applies(headOf({ headers: [['x-user', 'test-1']] })))
  t.notOk(fault.applies(headOf({ headers: [['x-user', 'alice']] })))
})

t.test('callers have no say unless they may', async (t) => {
  const asked = headOf({
    headers: [
      ['x-envoy-fault-delay-request', '9000'],
      ['x-envoy-fault-abort-request', '418'],
      ['x-envoy-fault-abort-request-percentage', '0'],
    ],
  })
  const fault = faultOf({ delay: { time: '1s' }, abort: { status: 500 } })
  t.equal(fault.delayOf(asked), 1000)
  t.match(fault.abortOf(asked), { status: 500 })
})

t.test('callers may ask for faults, and for less than the configuration has', async (t) => {
  const fault = faultOf({ byHeader: true, delay: { time: '1s', percent: 50 } }, 0.3)
  const ask = (...headers: [string, string][]) => headOf({ headers })
  t.equal(fault.delayOf(ask(['x-envoy-fault-delay-request', '9000'])), 9000)
  t.equal(fault.delayOf(ask(['x-envoy-fault-delay-request', '9000'], ['x-envoy-fault-delay-request-percentage', '30'])), 0)
  t.equal(fault.delayOf(ask(['x-envoy-fault-delay-request-percentage', '100'])), 1000, 'not for more')
  t.equal(
    faultOf({ byHeader: true, delay: { time: '1s', percent: 20 } }, 0.3).delayOf(
      ask(['x-envoy-fault-delay-request', '9'], ['x-envoy-fault-delay-request-percentage', '100']),
    ),
    0,
  )
  t.match(fault.abortOf(ask(['x-envoy-fault-abort-request', '418'])), { status: 418 })
  t.match(fault.abortOf(ask(['x-envoy-fault-abort-grpc-request', '13'])), { status: 0, grpcStatus: 13 })
  for (const nonsense of ['', '99', '600', '5e2', '-1'])
    t.equal(fault.abortOf(ask(['x-envoy-fault-abort-request', nonsense])), undefined, nonsense)
  t.equal(fault.abortOf(ask(['x-envoy-fault-abort-grpc-request', '17'])), undefined)
})

t.test('mistakes are reported', async (t) => {
  const says = (fault: object): unknown => compiled([{ services: [{ service: 'a' }], fault }]).problems
  t.match(says({}), [{ path: ['fault'], message: /does nothing/ }])
  t.match(says({ abort: {} }), [{ path: ['fault', 'abort'], message: /exactly one/ }])
  t.match(says({ abort: { status: 500, grpcStatus: 1 } }), [{ path: ['fault', 'abort'] }])
  t.match(says({ byHeader: true, headers: { 'a b': { present: true } } }), [{ path: ['fault', 'headers', 'a b'] }])
})

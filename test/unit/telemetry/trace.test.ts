import { randomFillSync } from 'node:crypto'
import t from 'tap'
import { Fields } from '../../../src/core/fields.ts'
import { ensureTraceparent, IdSource, isTraceparent, requestIdOf } from '../../../src/telemetry/trace.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const GOOD = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

t.test('ids are version 4 and never the same', async (t) => {
  const ids = new IdSource()
  const made = new Set(Array.from({ length: 2000 }, () => ids.uuid()))
  t.equal(made.size, 2000)
  for (const id of made) if (!UUID.test(id)) t.fail(id)
})

t.test('random bytes are drawn many at a time', async (t) => {
  let draws = 0
  const ids = new IdSource((into) => {
    draws++
    randomFillSync(into)
  })
  const made = new Set(Array.from({ length: 512 }, () => ids.hex(8)))
  t.equal(made.size, 512)
  t.equal(draws, 1)
})

t.test('an id of zeros is not used', async (t) => {
  let draws = 0
  const ids = new IdSource((into) => into.fill(draws++ === 0 ? 0 : 1))
  t.equal(ids.hex(8), '01'.repeat(8))
})

t.test('a sane x-request-id stays, another is replaced, a missing one is made', async (t) => {
  const ids = new IdSource()
  for (const id of ['a', '4f6c0b5e-9d5c-4a53-8b5c-000000000000', 'x'.repeat(128), 'a:b/c=d+e,f;g']) {
    const fields = Fields.of(['X-Request-Id', id])
    t.equal(requestIdOf(fields, ids), id)
    t.equal(fields.get('x-request-id'), id)
  }
  for (const id of ['', 'x'.repeat(129), 'a b', 'a"b', 'a\\b', 'a\u001bb', '\xe9']) {
    const fields = Fields.of(['X-Request-Id', id], ['X-Request-Id', 'second'])
    const made = requestIdOf(fields, ids)
    t.match(made, UUID)
    t.same(fields.all('x-request-id'), [made])
  }
  const fields = Fields.of(['Host', 'x'])
  t.equal(requestIdOf(fields, ids), fields.get('x-request-id'))
})

t.test('a good traceparent is left alone, with its state', async (t) => {
  for (const parent of [GOOD, `cc-${GOOD.slice(3)}`, `cc-${GOOD.slice(3)}-what-comes-later`]) {
    const fields = Fields.of(['traceparent', parent], ['tracestate', 'a=1'])
    ensureTraceparent(fields, new IdSource())
    t.equal(fields.get('traceparent'), parent)
    t.equal(fields.get('tracestate'), 'a=1')
  }
})

const malformed = {
  empty: '',
  'of the forbidden version': `ff-${GOOD.slice(3)}`,
  'without trace': `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  'without parent': `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  'in upper case': GOOD.toUpperCase(),
  'too long for its version': `${GOOD}-more`,
  'too short': GOOD.slice(0, -1),
  'of a later version without dash': `cc-${GOOD.slice(3)}more`,
  'with space': ` ${GOOD}`,
}
for (const [name, parent] of Object.entries(malformed)) {
  t.test(`a traceparent ${name} begins a new trace`, async (t) => {
    t.notOk(isTraceparent(parent))
    const fields = Fields.of(['traceparent', parent], ['tracestate', 'a=1'])
    ensureTraceparent(fields, new IdSource())
    t.ok(isTraceparent(fields.get('traceparent') ?? ''))
    t.notOk(fields.has('tracestate'))
  })
}

t.test('two traceparents begin a new trace', async (t) => {
  const fields = Fields.of(['traceparent', GOOD], ['Traceparent', GOOD])
  ensureTraceparent(fields, new IdSource())
  t.equal(fields.all('traceparent').length, 1)
  t.not(fields.get('traceparent'), GOOD)
})

t.test('a made one says whether to record', async (t) => {
  for (const [sampled, flags] of [
    [false, '-00'],
    [true, '-01'],
  ] as const) {
    const fields = Fields.of(['tracestate', 'a=1'])
    ensureTraceparent(fields, new IdSource(), sampled)
    t.ok(fields.get('traceparent')?.endsWith(flags))
    t.notOk(fields.has('tracestate'))
  }
})

// What the fields of a head cost. node bench/micro/core/fields.ts
import { Fields, fieldName } from '../../../src/core/fields.ts'
import { micro } from '../../lib/micro.ts'

const NAMES = ['Host', 'User-Agent', 'Accept', 'Accept-Encoding', 'Cookie', 'X-Request-Id', 'Traceparent', 'X-Forwarded-For']
const fields = Fields.of(...NAMES.map((name) => [name, 'some value'] as const))

micro('fieldName, known', (i) => fieldName(NAMES[i % NAMES.length] as string))
micro('fieldName, never seen', (i) => fieldName(`x-new-${i}`))
micro('get, the last of eight', () => fields.get('x-forwarded-for'))
micro('get, not there', () => fields.get('authorization'))
micro('copy of eight', () => fields.copy())
micro('copy, set the last, remove the first', () => {
  const copy = fields.copy()
  copy.set('X-Forwarded-For', '127.0.0.1')
  copy.remove('host')
  return copy
})

import { readFileSync } from 'node:fs'
import t from 'tap'
import { configSchema } from '../../../scripts/docs/config.ts'
import { type JsonSchema, settingsJsonSchema } from '../../../src/config/json-schema.ts'

/** Every key with its schema, wherever it stands. */
function* keys(schema: JsonSchema, path = ''): Generator<[string, JsonSchema]> {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${key}`, property]
    yield* keys(property, `${path}.${key}`)
  }
  if (schema.items !== undefined) yield* keys(schema.items, `${path}[]`)
  if (typeof schema.additionalProperties === 'object') yield* keys(schema.additionalProperties, `${path}.*`)
  for (const option of schema.anyOf ?? []) yield* keys(option, path)
}

const all = new Map(keys(settingsJsonSchema()))

t.test('every key says what it means', async (t) => {
  t.ok(all.size > 80, String(all.size))
  t.same(
    [...all].filter(([, { description }]) => description === undefined).map(([path]) => path),
    [],
  )
})

t.test('defaults and types are those of documents, not of the program', async (t) => {
  t.match(all.get('.drain.grace'), { default: '5s', title: 'duration' })
  t.match(all.get('.http.maxHeadBytes'), { default: '60KiB', title: 'size' })
  t.match(all.get('.services[].port'), { type: 'integer', minimum: 1, maximum: 65_535 })
})

t.test('objects take no other keys, and ${NAME} where text has a form', async (t) => {
  t.equal(settingsJsonSchema().additionalProperties, false)
  const { pattern } = all.get('.workload.name') as { pattern: string }
  for (const text of ['cart-1', '${POD_NAME}']) t.match(text, new RegExp(pattern))
  t.notMatch('Cart', new RegExp(pattern))
})

t.test('config/schema.json is what the code says', async (t) => {
  t.equal(readFileSync(new URL('../../../config/schema.json', import.meta.url), 'utf8'), configSchema(), 'npm run docs')
})

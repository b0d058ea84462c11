// Retries without a route: the schema's defaults, without the schema.
import t from 'tap'
import { retry } from '../../../src/config/schema/retries.ts'
import { DEFAULTS } from '../../../src/routing/retry-policy.ts'

t.test('where nobody configured retries, what is not said otherwise is what the schema says', async (t) => {
  const { on: _on, ...defaults } = retry.parse({})
  t.same(DEFAULTS, defaults)
})

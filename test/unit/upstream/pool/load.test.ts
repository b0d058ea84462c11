// The retry budget, by the sources' own numbers.
import t from 'tap'
import { serviceSchema } from '../../../../src/config/schema/services.ts'
import { Load } from '../../../../src/upstream/pool/load.ts'
import { outsideCases } from '../../../support/outside-cases.ts'

interface BudgetCase {
  readonly id: string
  readonly config: { readonly budgetPercent?: number; readonly percent?: number; readonly minRetryConcurrency?: number }
  readonly activeRequests?: number
  readonly activeRetries?: number
  readonly expect?: 'overflow' | 'allowed'
  readonly expectMaxRetries?: number
}

function loadOf(retryBudget: { percent?: number | undefined; min?: number | undefined }, requests: number): Load {
  const load = new Load(serviceSchema.parse({ name: 'a', port: 80, retryBudget }))
  load.requests = requests
  return load
}

for (const c of outsideCases(t, 'resilience.json', 'retryBudget') as readonly BudgetCase[]) {
  const { id, config, activeRequests, activeRetries = 0, expect, expectMaxRetries } = c
  if (activeRequests === undefined) continue
  t.test(`outside case ${id}: budget`, async (t) => {
    const load = loadOf({ percent: config.budgetPercent ?? config.percent, min: config.minRetryConcurrency }, activeRequests)
    load.retries = activeRetries
    if (expect !== undefined) t.equal(load.mayRetry(), expect === 'allowed')
    if (expectMaxRetries === undefined) return
    while (load.mayRetry());
    t.equal(load.retries, expectMaxRetries)
    t.equal(load.retryOverflows, 1)
  })
}

t.test('limits.retries is a limit besides the budget', async (t) => {
  const load = new Load(serviceSchema.parse({ name: 'a', port: 80, limits: { retries: 1 } }))
  t.ok(load.mayRetry())
  t.notOk(load.mayRetry())
})

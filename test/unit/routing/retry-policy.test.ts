// Which failures and responses ask for another attempt, and when it begins: Envoy's own cases, and what is safer here.
import t from 'tap'
import { RETRY_CONDITIONS } from '../../../src/config/retry-conditions.ts'
import { retry } from '../../../src/config/schema/retries.ts'
import type { FailureCode } from '../../../src/core/failures.ts'
import { Fields } from '../../../src/core/fields.ts'
import { APP_RETRY, compileRetry, DEFAULT_RETRY, DEFAULTS, RetryPolicy } from '../../../src/routing/retry-policy.ts'
import { responseHead } from '../../support/http2.ts'
import { outsideCases } from '../../support/outside-cases.ts'

interface Attempt {
  readonly response?: number
  readonly reset?: string
  readonly globalTimeout?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly trailers?: object
  readonly decision: string
}

interface DecisionCase {
  readonly id: string
  readonly name: string
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly policy?: Readonly<Record<string, unknown>>
  readonly attempts: readonly Attempt[]
  readonly conflict?: string
}

const CODES: Readonly<Record<string, FailureCode>> = {
  'refused-stream': 'refused_stream',
  overflow: 'overflow',
  'remote-reset': 'upstream_reset',
  'connect-failure': 'connect_failed',
  disconnect: 'upstream_reset',
}

interface HeaderTest {
  readonly name: string
  readonly present?: boolean
  readonly exact?: string
  readonly prefix?: string
}

/** The policy of a case, where it can be written here; what else a case has is not settable. */
function policyOf({ requestHeaders, policy = {} }: DecisionCase): RetryPolicy | undefined {
  const known = ['retryOn', 'numRetries', 'retriableStatusCodes', 'retriableHeaders']
  if (Object.keys(policy).some((key) => !known.includes(key))) return undefined
  const names = [requestHeaders['x-envoy-retry-on'], requestHeaders['x-envoy-retry-grpc-on'], policy['retryOn']]
  const on = names
    .flatMap((list) => (typeof list === 'string' ? list.split(',') : []))
    .filter((name) => (RETRY_CONDITIONS as readonly string[]).includes(name))
  const listed = requestHeaders['x-envoy-retriable-status-codes']?.split(',').map(Number) ?? []
  const statusCodes = [...((policy['retriableStatusCodes'] as number[] | undefined) ?? []), ...listed].filter((code) => code > 0)
  const tests = ((policy['retriableHeaders'] as readonly HeaderTest[] | undefined) ?? []).filter(({ name }) => name !== ':status')
  const named = requestHeaders['x-envoy-retriable-header-names']
  if (named?.includes(',,') === true) return undefined
  const headers = Object.fromEntries([
    ...tests.map(({ name, ...test }) => [name, test]),
    ...(named?.split(',').map((name) => [name, { present: true }]) ?? []),
  ])
  const retries = Number(requestHeaders['x-envoy-max-retries'] ?? policy['numRetries'] ?? 1)
  return new RetryPolicy(retry.parse({ on, statusCodes, headers, attempts: retries + 1 }))
}

for (const c of outsideCases(t, 'resilience.json', 'retryDecision') as readonly DecisionCase[]) {
  const policy = policyOf(c)
  // a status as a field, and what is known to be different here: trailers are looked at
  const special = c.attempts.some(({ trailers, globalTimeout }) => trailers !== undefined || globalTimeout === true)
  const byStatus = JSON.stringify(c.policy ?? {}).includes(':status') && c.attempts[0]?.headers === undefined
  if (policy === undefined || c.conflict !== undefined || special || byStatus) continue
  t.test(`outside case ${c.id}: ${c.name}`, async (t) => {
    let retries = 0
    c.attempts.forEach(({ response, reset, headers = {}, decision }, made) => {
      const head = responseHead(response ?? 0, 0, ...Object.entries(headers))
      const asks =
        reset === undefined
          ? policy.onResponse(head) || policy.onGrpc(head.fields)
          : policy.onFailure(CODES[reset] as FailureCode)
      const left = retries + 1 < policy.attempts
      if (asks) retries++
      t.equal(asks ? (left ? 'retry' : 'limit-exceeded') : 'no', decision, `attempt ${made + 1}`)
    })
  })
}

interface BackoffCase {
  readonly id: string
  readonly strategy: { readonly kind: string; readonly baseMs: number; readonly maxMs: number }
  readonly random: readonly (number | string)[]
  readonly delaysMs: readonly number[]
}

for (const { id, strategy, random, delaysMs } of outsideCases(t, 'resilience.json', 'backoff') as readonly BackoffCase[]) {
  if (strategy.kind !== 'jittered-exponential' || random.some((draw) => typeof draw === 'string')) continue
  t.test(`outside case ${id}: pauses`, async (t) => {
    const { baseMs, maxMs } = strategy
    const policy = new RetryPolicy(retry.parse({ backoff: { base: `${baseMs}ms`, max: `${maxMs}ms` } }))
    delaysMs.forEach((delayMs, i) => {
      // theirs is the rest of a whole number, ours a share: the same bound
      const boundMs = Math.min(baseMs * 2 ** i, maxMs)
      const share = (Number(random[i]) % boundMs) / boundMs
      t.ok(Math.abs(policy.pauseMs(i + 1, share) - delayMs) < 1e-6, `pause ${i + 1}`)
      t.ok(policy.pauseMs(i + 1, 0.999_999) < boundMs)
    })
  })
}

interface RetryAfterCase {
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  readonly status?: number
  readonly expectMs: number | null
  readonly note?: string
}

for (const { id, headers, status, expectMs, note = '' } of outsideCases(
  t,
  'resilience.json',
  'retryAfter',
) as readonly RetryAfterCase[]) {
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  const value = Object.values(headers)[0] ?? ''
  // other fields, statuses that are not repeated, dates that have no date, and 0, which the sources read in two ways
  if (names.some((name) => name.startsWith('x-ratelimit')) || status === 200 || value.includes('<') || value === '0') continue
  t.test(`outside case ${id}: Retry-After`, async (t) => {
    const policy = new RetryPolicy(retry.parse({ retryAfter: '300s' }))
    const got = policy.wantedPauseMs(Fields.of(...Object.entries(headers)), 1_000_000_000_000)
    // who asks for more than is allowed is not asked again, rather than sooner
    if (note.startsWith('beyond')) t.equal(got, Infinity)
    else t.equal(got ?? null, expectMs)
  })
}

t.test('Retry-After may be a date', async (t) => {
  const policy = new RetryPolicy(retry.parse({}))
  const nowMs = Date.UTC(2026, 0, 1)
  t.equal(policy.wantedPauseMs(Fields.of(['retry-after', 'Thu, 01 Jan 2026 00:00:07 GMT']), nowMs), 7000)
  t.equal(policy.wantedPauseMs(Fields.of(['retry-after', 'Wed, 31 Dec 2025 00:00:00 GMT']), nowMs), undefined)
  t.equal(policy.wantedPauseMs(Fields.of(['retry-after', 'soon']), nowMs), undefined)
})

t.test('a gRPC server that wants no retry says so', async (t) => {
  const policy = new RetryPolicy(retry.parse({}))
  t.equal(policy.wantedPauseMs(Fields.of(['grpc-retry-pushback-ms', '-1']), 0), Infinity)
  t.equal(policy.wantedPauseMs(Fields.of(['grpc-retry-pushback-ms', '250']), 0), 250)
})

t.test('methods that must not be processed twice are repeated only when that is asked for', async (t) => {
  const careful = new RetryPolicy(retry.parse({}))
  const careless = new RetryPolicy(retry.parse({ nonIdempotent: true }))
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) t.ok(careful.mayRepeat(method), method)
  for (const method of ['POST', 'PATCH', 'CONNECT', 'BREW']) {
    t.notOk(careful.mayRepeat(method), method)
    t.ok(careless.mayRepeat(method), method)
  }
  t.notOk(careless.mayRepeat(undefined), 'bytes')
})

t.test('without a route: what is safe, and no answer of the service', async (t) => {
  for (const code of ['connect_failed', 'connect_timeout', 'refused_stream', 'upstream_reset'] as const)
    t.ok(DEFAULT_RETRY.onFailure(code), code)
  for (const code of ['request_timeout', 'upstream_idle', 'overflow', 'policy_denied'] as const)
    t.notOk(DEFAULT_RETRY.onFailure(code), code)
  t.notOk(DEFAULT_RETRY.onResponse(responseHead(503, 0)))
  t.notOk(DEFAULT_RETRY.onGrpc(Fields.of(['grpc-status', '14'])))
  t.equal(APP_RETRY.attempts, 2)
  t.notOk(APP_RETRY.onFailure('upstream_reset'))
})

t.test('a pattern that can not be compiled is reported', async (t) => {
  const reported: string[] = []
  const config = retry.parse({ on: ['retriable-headers'], headers: { a: { regex: '(' } } })
  t.equal(
    compileRetry(config, (path) => reported.push(path.join('.'))),
    null,
  )
  t.same(reported, ['headers'])
})

t.test('where nobody configured retries, what is not said otherwise is what the schema says', async (t) => {
  const { on: _on, ...defaults } = retry.parse({})
  t.same(DEFAULTS, defaults)
})

// What routes make of requests holds no surprise: paths stay canonical, locations and hosts are what they seem.
import fc from 'fast-check'
import t from 'tap'
import { normalizePath } from '../../src/routing/normalize.ts'
import { compiled, headOf } from '../support/routing.ts'

const TO_A = { services: [{ service: 'a' }] }
const segment = fc.stringMatching(/^[a-z.%_~-]{0,6}$/)
const target = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '?q=/../x', '?'))
  .map(([segments, query]) => `/${segments.join('/')}${query}`)
const text = fc.stringMatching(/^[a-z./%?#;\n\r -]{0,8}$/)

t.test('what a rewrite makes of a canonical path is canonical, or nothing', async (t) => {
  let rewritten = 0
  const patterns = ['[a-m]+', '/', '\\.', '%', '^/[^/]*', '(.*)', '-']
  fc.assert(
    fc.property(target, fc.constantFrom(...patterns), text, (path, pattern, replacement) => {
      const canonical = normalizePath(path, 'AUTO', true)
      if (canonical === undefined) return true
      const { table } = compiled([{ ...TO_A, rewrite: { regex: { pattern, replacement } } }])
      const result = table.match(headOf({}))?.rewrite?.apply(canonical)
      if (result === undefined) return true
      rewritten++
      const query = canonical.indexOf('?')
      return (
        normalizePath(result, 'AUTO', true) === result &&
        !/[\r\n #]/.test(result) &&
        (query < 0 ? !result.includes('?') : result.endsWith(canonical.slice(query)))
      )
    }),
    { numRuns: 2000 },
  )
  t.ok(rewritten > 100, `${rewritten} rewritten`)
})

t.test('so is what takes the place of a prefix', async (t) => {
  let rewritten = 0
  fc.assert(
    fc.property(target, fc.constantFrom('/', '/x', '/x/', ''), (path, prefix) => {
      const canonical = normalizePath(path, 'AUTO', true)
      if (canonical === undefined) return true
      const { table } = compiled([{ ...TO_A, matches: [{ path: { prefix: '/a' } }, {}], rewrite: { prefix } }])
      const result = table.match({ ...headOf({}), path: canonical })?.rewrite?.apply(canonical)
      rewritten++
      return result !== undefined && normalizePath(result, 'AUTO', true) === result
    }),
    { numRuns: 2000 },
  )
  t.ok(rewritten > 100, `${rewritten} rewritten`)
})

t.test('configuration puts no line ends into fields', async (t) => {
  const bad: readonly object[] = [
    { redirect: { host: 'a\r\nx' } },
    { reply: { status: 200, headers: { 'x-a': 'b\r\nset-cookie: x' } } },
    { ...TO_A, rewrite: { host: 'a\nb' } },
    { ...TO_A, sticky: { cookie: 'a\r\nb' } },
    { ...TO_A, services: [{ service: 'a', host: 'x\ry' }] },
    { ...TO_A, cors: { origins: [{ wildcard: '*' }], methods: ['GET\r\nx: y'] } },
    { ...TO_A, cors: { origins: [{ wildcard: '*' }], exposeHeaders: ['x\n'] } },
  ]
  for (const route of bad) t.equal(compiled([route]).problems.length, 1, JSON.stringify(route))
  const { table } = compiled([{ redirect: { path: '/x\r\ny' } }])
  t.same([...(table.match(headOf({}))?.own?.fieldsFor(headOf({})) ?? [])], [['location', 'http://h/x%0D%0Ay']])
})

t.test('a cookie that a caller makes up chooses a service, and nothing else', async (t) => {
  const { table } = compiled([{ services: [{ service: 'a' }, { service: 'b' }], sticky: { cookie: 'pin' } }])
  const route = table.match(headOf({}))
  for (const value of ['', 'x'.repeat(4000), '-1', '1e9', 'ffffffff', 'ffffffffff', '__proto__', '0x10']) {
    const hash = route?.sticky?.hashOf(headOf({ headers: [['cookie', `pin=${value}`]] })) ?? -1
    t.ok(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32, value.slice(0, 20))
    t.ok(route?.services.at(hash)?.service)
  }
})

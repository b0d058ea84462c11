// h2spec against our server side: its generic, http2 and hpack sections, also with the tests that it calls strict.
import t from 'tap'
import { serve } from '../support/http2.ts'
import { missing, runProgram } from '../support/programs.ts'

t.test('every case of h2spec', { skip: missing('h2spec') }, async (t) => {
  const { server, port, seen } = await serve()
  t.teardown(() => server.close())
  const report = await runProgram('h2spec', ['-h', '127.0.0.1', '-p', String(port), '-o', '5', '--strict'])
  t.match(report, /, 0 skipped, 0 failed/)
  t.comment(report.match(/\d+ tests, .*/)?.[0])
  t.same(seen.defects, [])
})

// h2spec against our server side: its generic, http2 and hpack sections, also with the tests that it calls strict.
import t, { type Test } from 'tap'
import { http2Origin } from '../support/h2-node.ts'
import { serve } from '../support/http2.ts'
import { httpOrigin } from '../support/origin.ts'
import { missing, runProgram } from '../support/programs.ts'
import { startSidecar } from '../support/sidecar.ts'

/** What is no preface would be answered in HTTP/1.1 elsewhere. */
const LISTENER = { listen: '127.0.0.1:0', protocol: 'http2' }
const skip = missing('h2spec')

async function passes(t: Test, port: number): Promise<void> {
  const report = await runProgram('h2spec', ['-h', '127.0.0.1', '-p', String(port), '-o', '5', '--strict'])
  t.match(report, /, 0 skipped, 0 failed/)
  t.comment(report.match(/\d+ tests, .*/)?.[0])
}

t.test('every case of h2spec on the codec', { skip }, async (t) => {
  const { server, port, seen } = await serve()
  t.teardown(() => server.close())
  await passes(t, port)
  t.same(seen.defects, [])
})

t.test('every case of h2spec on a sidecar before an application of HTTP/1.1', { skip }, async (t) => {
  const origin = await httpOrigin(t)
  const inbound = [{ ...LISTENER, app: origin.address, appProtocol: 'http' }]
  await passes(t, (await startSidecar(t, { listeners: { inbound } })).inbound)
})

t.test('every case of h2spec on a sidecar before an application of HTTP/2', { skip }, async (t) => {
  const origin = await http2Origin(t)
  const inbound = [{ ...LISTENER, app: origin.address, appProtocol: 'http2' }]
  await passes(t, (await startSidecar(t, { listeners: { inbound } })).inbound)
})

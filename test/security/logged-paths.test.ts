// What the access log says of a path is what came: nobody writes another one into it, and it keeps no tokens.
import { request } from 'node:http'
import t from 'tap'
import { jsonLine } from '../../src/telemetry/access-log-json.ts'
import { textLine } from '../../src/telemetry/access-log-text.ts'
import { httpOrigin } from '../support/origin.ts'
import { outcome } from '../support/outcome.ts'
import { headOf } from '../support/policy-world.ts'
import { startSidecar } from '../support/sidecar.ts'

t.test('a path before a rewrite is not believed of a caller whom nobody knows, nor of the application', async (t) => {
  const app = await httpOrigin(t)
  const { inbound } = await startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address }] } })
  const { outbound } = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0' }] },
    services: [{ name: 'cart', namespace: 'shop', port: 80, endpoints: [{ address: app.address }] }],
  })
  const headers = { 'x-envoy-original-path': '/harmless', host: 'cart.shop' }
  for (const port of [inbound, outbound]) {
    const seen = await new Promise<string>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: '/admin', headers }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve(body))
      })
      sent.on('error', reject)
      sent.end()
    })
    t.match(seen, /\/admin/)
    t.notMatch(seen, /harmless/)
  }
})

t.test('tokens in parameters are left out', async (t) => {
  for (const path of ['/a?access_token=secret.x.y&b=1', '/a?c=2&access%5Ftoken=secret&b=1']) {
    for (const line of [jsonLine, textLine]) {
      const written = line(outcome({ request: headOf({ path }) }))
      t.notMatch(written, /secret/)
      t.match(written, /token=\[redacted\]&b=1/)
    }
  }
  t.match(jsonLine(outcome({ request: headOf({ path: '/a?token=x' }) })), '/a?token=x')
})

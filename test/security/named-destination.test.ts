// Who connects in front of us may say where a connection was going. It comes to one application all the same, and is judged by its port.
import t from 'tap'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startSidecar } from '../support/sidecar.ts'

t.test('a port that a PROXY protocol head names is not the one that policies are for', async (t) => {
  const app = await httpOrigin(t, (_, response) => response.end('secret'))
  const { inbound } = await startSidecar(t, {
    listeners: {
      inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${app.port}`, protocol: 'http', proxyProtocol: 'require' }],
    },
    policies: [{ name: 'closed', action: 'deny', rules: [{ to: [{ ports: [app.port] }] }] }],
  })
  for (const named of [app.port, 443, 9999, inbound]) {
    const client = rawClient(t, inbound)
    client.send(`PROXY TCP4 10.0.0.1 10.0.0.2 40000 ${named}\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n`)
    t.match(await client.sees(/\r\n\r\n/), /^HTTP\/1\.1 403 /, String(named))
  }
  t.equal(app.seen(), 0)
})

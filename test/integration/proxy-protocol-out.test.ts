// A service that wants to be told who called: each exchange has a connection of its own that begins with a PROXY protocol head.
import { get } from 'node:http'
import t from 'tap'
import { freePort, tcpOrigin } from '../support/origin.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

t.test('tells the endpoints of a service who called', async (t) => {
  const heads: string[] = []
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', (bytes: Buffer) => {
      heads.push(bytes.toString('latin1').split('\r\n')[0] as string)
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    })
  })
  const outbound = await freePort()
  await startSidecarProcess(t, {
    settings: {
      listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] },
      services: [{ name: 'told', port: 80, sendProxyProtocol: 'v1', endpoints: [{ address: origin.address }] }],
    },
  })
  for (let i = 0; i < 2; i++) {
    const status = await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: outbound, headers: { host: 'told' } }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      }).on('error', reject)
    })
    t.equal(status, 200)
  }
  t.equal(heads.length, 2, 'a connection each')
  for (const head of heads) t.match(head, new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${outbound}$`))
})

// A caller of the outbound listener names where it wants to go: never to the sidecar itself, whose admin trusts whoever gets to it.
import { request } from 'node:http'
import t from 'tap'
import { OwnAddresses } from '../../src/exchange/own-addresses.ts'
import { freePort } from '../support/origin.ts'
import { startSidecar } from '../support/sidecar.ts'

function call(port: number, host: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end()
  })
}

t.test('the admin and the listener itself are not to be reached through the listener, however they are spelt', async (t) => {
  const [admin, telemetry, outbound] = [await freePort(), await freePort(), await freePort()]
  const { metric } = await startSidecar(t, {
    listeners: { outbound: [{ listen: `0.0.0.0:${outbound}` }] },
    admin: { listen: `127.0.0.1:${admin}` },
    telemetry: { listen: `127.0.0.1:${telemetry}` },
  })
  const here = ['127.0.0.1', 'localhost', 'LOCALHOST.', 'x.localhost', '127.1', '0x7f000001', '2130706433', '0.0.0.0', '0']
  let calls = 0
  for (const host of [...here, '[::ffff:127.0.0.1]', '[::ffff:7f00:1]']) {
    for (const port of [admin, telemetry, outbound]) {
      t.equal(await call(outbound, `${host}:${port}`, '/logging?level=trace'), 508, `${host} ${port}`)
      calls++
    }
  }
  t.equal(await call(outbound, `127.9.9.9:${outbound}`, '/'), 508, 'any address of loopback, where all are listened on')
  t.equal(await metric('istio_requests_total'), calls + 1, 'nothing went round')
})

t.test('other addresses of loopback may be of somebody else', async (t) => {
  const own = new OwnAddresses(['127.0.0.1:15001'], ['127.0.0.1:15000'])
  t.notOk(own.has('127.0.0.2:15001'))
  t.notOk(own.has('127.0.0.2:15000'))
  t.ok(own.has('127.0.0.1:15000'))
  t.notOk(own.hasPort(15_000), 'an application may listen there on an address of its own')
})

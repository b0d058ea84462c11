// What is wrong outside of the sidecar does not end it, and is said with the name of the thing.
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { rawClient, statuses } from '../support/raw-peer.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

t.test('an application that can not be reached: 503, and a line of the access log that says which address', async (t) => {
  const [inbound, app] = [await freePort(), await freePort()]
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: { inbound: [{ listen: `127.0.0.1:${inbound}`, app: `127.0.0.1:${app}` }] },
      accessLog: { format: 'json' },
    },
  })
  t.equal((await fetch(`http://127.0.0.1:${inbound}/`)).status, 503)
  const line = await eventually(() => /^(.*)\n/.exec(sidecar.stdout())?.[1])
  const entry = JSON.parse(line) as Record<string, unknown>
  t.match(entry, { response_code: 503, response_flags: 'UF', upstream_host: `127.0.0.1:${app}` })
  t.match(JSON.stringify(entry), /ECONNREFUSED/)
  t.same(await sidecar.stop(), { code: 0, signal: null })
})

// that it is asked for again: test/unit/discovery/dns.test.ts, where time does not pass by itself
t.test('a name that does not resolve keeps the sidecar neither from starting nor from serving the rest', async (t) => {
  const outbound = await freePort()
  const origin = await httpOrigin(t, (_request, response) => response.end('found'))
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] },
      services: [
        { name: 'lost', port: 80, dns: { name: 'nowhere.invalid' } },
        { name: 'good', port: 80, endpoints: [{ address: origin.address }] },
      ],
    },
  })
  for (const [host, status] of Object.entries({ lost: 503, good: 200 })) {
    const caller = await rawClient(t, outbound)
    caller.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    t.same(statuses(await caller.gone()), [status], host)
  }
  t.equal((await fetch(`${sidecar.telemetry}/healthz/ready`)).status, 200)
  t.same(await sidecar.stop(), { code: 0, signal: null })
})

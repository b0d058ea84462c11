// A condition on the Host field keeps callers out in whatever spelling they write the host.
import t from 'tap'
import { httpOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { startSidecar } from '../support/sidecar.ts'

const SPELLINGS = ['admin.example', 'ADMIN.example', 'admin.example.', 'admin.example:80', 'Admin.Example.:80', 'admin.example:']

for (const name of ['host', ':authority']) {
  const key = `request.headers[${name}]`
  const POLICIES: Readonly<Record<string, object>> = {
    'a denial of': { name: 'no', action: 'deny', rules: [{ when: [{ key, values: ['Admin.example'] }] }] },
    'a permission for all but': { name: 'but', action: 'allow', rules: [{ when: [{ key, notValues: ['Admin.example'] }] }] },
  }
  for (const [what, policy] of Object.entries(POLICIES)) {
    t.test(`${what} ${key} holds for each spelling`, async (t) => {
      const app = await httpOrigin(t, (_, response) => response.end('in'))
      const { inbound } = await startSidecar(t, {
        listeners: { inbound: [{ listen: '127.0.0.1:0', app: app.address, protocol: 'http' }] },
        policies: [policy],
      })
      for (const [hosts, expected] of [
        [SPELLINGS, 403],
        [['shop.example'], 200],
      ] as const) {
        for (const host of hosts) {
          const client = rawClient(t, inbound)
          client.send(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
          t.match(await client.sees('\r\n\r\n'), new RegExp(`^HTTP/1\\.1 ${expected} `), host)
        }
      }
    })
  }
}

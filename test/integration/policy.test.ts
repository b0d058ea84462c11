// Policies at work on real sockets.
import t from 'tap'
import { authorizeAgain } from '../../src/exchange/authorize.ts'
import { compilePolicies } from '../../src/policy/families.ts'
import { httpOrigin } from '../support/origin.ts'
import { configWith } from '../support/policy-world.ts'
import { startSidecar } from '../support/sidecar.ts'

t.test('the application sees what a policy allows and nothing else', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('hello'))
  const listeners = { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${origin.port}`, protocol: 'http' }] }
  const { inbound, metric } = await startSidecar(t, { listeners, policies: [{ allow: 'all', paths: ['/open*'] }] })
  const ask = (path: string) => fetch(`http://127.0.0.1:${inbound}${path}`)
  t.equal((await ask('/open/door')).status, 200)
  const denied = await ask('/closed')
  t.equal(denied.status, 403)
  t.same(Object.keys((await denied.json()) as object), ['error', 'message', 'request_id'])
  t.equal(await metric('istio_requests_total', { response_code: '403' }), 1)
})

t.test('what is open can be put to a newer snapshot', async (t) => {
  const config = configWith({ policies: [{ deny: ['10.0.0.9'] }] })
  const snapshot = { config, policies: compilePolicies(config) }
  const peer = {
    direction: 'inbound',
    remoteIp: '10.0.0.9',
    identity: undefined,
    destinationIp: '',
    destinationPort: 1,
    serverName: '',
    gateway: '',
  } as const
  const judged = { claims: undefined, policyInput: undefined, verdict: undefined }
  t.match(authorizeAgain(snapshot, peer, undefined, judged), { allowed: false, rule: 'ns[shop]-policy[deny-0]-rule[0]' })
  t.match(authorizeAgain(snapshot, { ...peer, remoteIp: '10.0.0.8' }, undefined, judged), { allowed: true })
})

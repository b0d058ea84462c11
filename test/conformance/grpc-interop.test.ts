// gRPC's own interoperability cases, by grpc-go's client and server with two sidecars in between: one for the caller, one for the callee.
// .ci/run builds the two programs.
import { connect } from 'node:net'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/origin.ts'
import { missing, runProgram, startProgram } from '../support/programs.ts'
import { startSidecar } from '../support/sidecar.ts'

/** All of them but those that need credentials, or a server that was told who it is or what it reports. */
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
]

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

t.test('every standard case', { skip: missing('grpc-interop-client', 'grpc-interop-server') }, async (t) => {
  const port = await freePort()
  startProgram(t, 'grpc-interop-server', ['-port', String(port)])
  await eventually(() => listens(port))
  const callee = await startSidecar(t, { listeners: { inbound: [{ listen: '127.0.0.1:0', app: `127.0.0.1:${port}` }] } })
  const caller = await startSidecar(t, {
    listeners: { outbound: [{ listen: '127.0.0.1:0', service: 'interop.default' }] },
    services: [{ name: 'interop', port: 80, protocol: 'grpc', endpoints: [{ address: `127.0.0.1:${callee.inbound}` }] }],
  })
  for (const name of CASES) {
    const args = ['-server_host', '127.0.0.1', '-server_port', String(caller.outbound), '-test_case', name]
    await t.resolves(runProgram('grpc-interop-client', args), name)
  }
  await eventually(() => caller.sidecar.open.size === 0 && callee.sidecar.open.size === 0)
})

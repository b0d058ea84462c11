// HTTP/2 and gRPC while a sidecar stops or takes a new configuration: no request is lost, and streams go on.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { chat, grpcClient, grpcOrigin, unary } from '../support/grpc.ts'
import { askHttp2, connectHttp2, http2Origin } from '../support/h2-node.ts'
import { rawHttp2 } from '../support/h2-raw.ts'
import { headers, uint32 } from '../support/h2-wire.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { type SidecarProcess, startSidecarProcess } from '../support/sidecar-process.ts'

const DRAIN = { grace: '2s', limit: '20s' }

async function generation(sidecar: SidecarProcess): Promise<number> {
  const text = await (await fetch(`${sidecar.telemetry}/metrics`)).text()
  return Number(/^outrigger_snapshot_generation (\d+)$/m.exec(text)?.[1])
}

t.test('loses no request in a drain under load', async (t) => {
  for (const appProtocol of ['http', 'http2']) {
    const app =
      appProtocol === 'http'
        ? await httpOrigin(t, (_request, response) => setImmediate(() => response.end('ok')))
        : await http2Origin(t, (stream) => {
            stream.respond({ ':status': 200 })
            setImmediate(() => stream.end('ok'))
          })
    const port = await freePort()
    const sidecar = await startSidecarProcess(t, {
      settings: { listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: app.address, appProtocol }] }, drain: DRAIN },
    })
    let good = 0
    const bad: string[] = []
    /** Until it is told to go elsewhere. */
    const call = async (session: http2.ClientHttp2Session): Promise<void> => {
      while (!session.closed && !session.destroyed) {
        await askHttp2(session, { ':path': '/' }).then(
          ({ headers: { ':status': status } }) => (status === 200 ? good++ : bad.push(String(status))),
          // nghttp2 says so of requests that it had not sent yet when it read the GOAWAY
          (error: Error) => error.message.includes('REFUSED_STREAM') || bad.push(error.message),
        )
      }
    }
    const sessions = Array.from({ length: 4 }, () => connectHttp2(t, port))
    const goneAway = sessions.map((session) => once(session, 'goaway'))
    const callers = sessions.flatMap((session) => Array.from({ length: 8 }, () => call(session)))
    await eventually(() => good > 500)
    const exit = await sidecar.stop()
    await Promise.all(callers)
    t.same(exit, { code: 0, signal: null })
    t.same(bad, [], `${good} requests to an application of ${appProtocol}, none lost`)
    t.equal(app.seen(), good, 'what the application has seen is answered')
    for (const [code] of await Promise.all(goneAway)) t.equal(code, http2.constants.NGHTTP2_NO_ERROR)
  }
})

t.test('says GOAWAY twice: first that it will come, then which stream is the last', async (t) => {
  const app = await httpOrigin(t, (_request, response) => response.end('ok'))
  const port = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: app.address }] }, drain: DRAIN },
  })
  const caller = await rawHttp2(t, port)
  caller.send(
    headers(1, [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'app'],
      [':path', '/'],
    ]),
  )
  await caller.ended(1)
  const exit = sidecar.stop()
  const goAways = (): number[] =>
    caller.frames.filter(({ type }) => type === 'GOAWAY').map(({ payload }) => payload.readUInt32BE(0))
  await eventually(() => goAways().length === 1)
  t.same(goAways(), [0x7fffffff])
  await exit
  t.same(goAways(), [0x7fffffff, 1], 'after a second, as this caller does not answer the PING')
  t.same(caller.frames.findLast(({ type }) => type === 'GOAWAY')?.payload.subarray(4, 8), uint32(0))
})

t.test('a stream that is under way goes on while the sidecar stops, and ends it', async (t) => {
  const app = await grpcOrigin(t)
  const port = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: { listeners: { inbound: [{ listen: `127.0.0.1:${port}`, app: app.address }] }, drain: DRAIN },
  })
  const client = grpcClient(t, port)
  const call = chat(client)
  call.write('before')
  t.same(await once(call, 'data'), ['before'])
  const exit = sidecar.stop()
  const refused = (): Promise<boolean> =>
    fetch(`${sidecar.telemetry}/healthz/ready`).then(
      (response) => response.status === 503,
      () => false,
    )
  await eventually(refused)
  for (const word of ['while', 'it', 'stops']) {
    call.write(word)
    t.same(await once(call, 'data'), [word])
  }
  call.end()
  const [status] = await once(call, 'status')
  t.equal(status.code, 0)
  t.same(await exit, { code: 0, signal: null })
})

t.test('streams of both directions survive a reload', async (t) => {
  const app = await grpcOrigin(t)
  const [inbound, outbound] = [await freePort(), await freePort()]
  const settings = (protocol: string) => ({
    listeners: {
      inbound: [{ listen: `127.0.0.1:${inbound}`, app: app.address }],
      outbound: [{ listen: `127.0.0.1:${outbound}` }],
    },
    services: [{ name: 'echo', port: 80, protocol, endpoints: [{ address: app.address }] }],
    drain: DRAIN,
  })
  const sidecar = await startSidecarProcess(t, { settings: settings('grpc') })
  const calls = [chat(grpcClient(t, inbound)), chat(grpcClient(t, outbound, 'echo.default'))]
  const talk = async (word: string): Promise<void> => {
    for (const call of calls) {
      call.write(word)
      t.same(await once(call, 'data'), [word])
    }
  }
  await talk('before')
  const before = await generation(sidecar)
  const telemetry = { listen: new URL(sidecar.telemetry).host }
  writeFileSync(join(sidecar.folder, 'settings.json'), JSON.stringify({ telemetry, ...settings('http2') }))
  await eventually(async () => (await generation(sidecar)) > before)
  await talk('after')
  t.equal(await unary(grpcClient(t, outbound, 'echo.default'), 'new'), 'new')
  for (const call of calls) {
    call.end()
    const [status] = await once(call, 'status')
    t.equal(status.code, 0)
  }
})

// No request is lost when a sidecar stops, an endpoint dies, or the application's own calls go on while inbound finishes.
import { Agent, get, request } from 'node:http'
import t from 'tap'
import { eventually } from '../support/eventually.ts'
import { freePort, httpOrigin } from '../support/origin.ts'
import { startSidecarProcess } from '../support/sidecar-process.ts'

interface Tally {
  good: number
  readonly bad: string[]
}

/** Calls again and again on a keep-alive connection until `stopped()`, or until the sidecar that is going says goodbye. */
async function callUntil(
  options: { port: number; host: string; going: () => boolean; stopped: () => boolean },
  tally: Tally,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  while (!options.stopped()) {
    const outcome = await call(options.port, options.host, agent)
    if (outcome.startsWith('200')) tally.good++
    else tally.bad.push(outcome)
    // whoever balances the load has heard that it is not ready
    if (outcome === '200 close' && options.going()) break
  }
  agent.destroy()
}

function call(port: number, host: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const sent = get({ host: '127.0.0.1', port, headers: { host }, agent }, (response) => {
      response.resume()
      response.on('end', () => resolve(`${response.statusCode} ${response.headers.connection ?? ''}`))
      response.on('error', (error) => resolve(error.message))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

t.test('loses no request in a drain under load', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => setImmediate(() => response.end('ok')))
  const inbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: { inbound: [{ listen: `127.0.0.1:${inbound}`, app: origin.address }] },
      drain: { grace: '2s', limit: '5s' },
    },
  })
  const tally: Tally = { good: 0, bad: [] }
  let going = false
  const callers = Array.from({ length: 8 }, () =>
    callUntil({ port: inbound, host: 'app', going: () => going, stopped: () => false }, tally),
  )
  await eventually(() => tally.good > 200)
  going = true
  const exit = await sidecar.stop()
  await Promise.all(callers)
  t.same(exit, { code: 0, signal: null })
  t.same(tally.bad, [], `${tally.good} requests, none lost`)
})

t.test('finishes a request in flight in both directions before it goes', async (t) => {
  const upstream = await httpOrigin(t, (_request, response) => response.end('from upstream'))
  const [inbound, outbound] = [await freePort(), await freePort()]
  const gate = Promise.withResolvers<void>()
  // the application answers only after a call of its own, made while the sidecar is stopping
  const app = await httpOrigin(t, (_request, response) => {
    void gate.promise.then(() =>
      get({ host: '127.0.0.1', port: outbound, headers: { host: 'up.default' } }, (up) => up.pipe(response)),
    )
  })
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: {
        inbound: [{ listen: `127.0.0.1:${inbound}`, app: app.address }],
        outbound: [{ listen: `127.0.0.1:${outbound}` }],
      },
      services: [{ name: 'up', port: 80, endpoints: [{ address: upstream.address }] }],
    },
  })
  const body = new Promise<string>((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port: inbound }, (response) => {
      let text = ''
      response.on('data', (part: Buffer) => (text += String(part)))
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
  })
  await eventually(() => app.seen() === 1)
  const exit = sidecar.stop()
  await eventually(async () => (await fetch(`${sidecar.telemetry}/healthz/ready`)).status === 503)
  gate.resolve()
  t.equal(await body, 'from upstream')
  t.same(await exit, { code: 0, signal: null })
})

t.test('stops at once on the second SIGTERM', async (t) => {
  const origin = await httpOrigin(t, () => {}) // never answers
  const inbound = await freePort()
  const sidecar = await startSidecarProcess(t, {
    settings: {
      listeners: { inbound: [{ listen: `127.0.0.1:${inbound}`, app: origin.address }] },
      drain: { grace: '1m', limit: '2m' },
    },
  })
  const sent = request({ host: '127.0.0.1', port: inbound }).end()
  sent.on('error', () => {})
  await eventually(() => origin.seen() === 1)
  sidecar.child.kill('SIGTERM')
  await eventually(async () => (await fetch(`${sidecar.telemetry}/healthz/ready`)).status === 503)
  sidecar.child.kill('SIGTERM')
  t.same(await sidecar.exit, { code: 0, signal: null }, 'it was asked to stop')
})

t.test('loses no idempotent request when endpoints die under load', async (t) => {
  const handle = (_request: unknown, response: { end(text: string): void }): void => void setImmediate(() => response.end('ok'))
  const first = await httpOrigin(t, handle)
  const second = await httpOrigin(t, handle)
  const outbound = await freePort()
  await startSidecarProcess(t, {
    settings: {
      listeners: { outbound: [{ listen: `127.0.0.1:${outbound}` }] },
      services: [{ name: 'pair', port: 80, endpoints: [{ address: first.address }, { address: second.address }] }],
    },
  })
  const tally: Tally = { good: 0, bad: [] }
  let stopped = false
  const callers = Array.from({ length: 4 }, () =>
    callUntil({ port: outbound, host: 'pair', going: () => false, stopped: () => stopped }, tally),
  )
  await eventually(() => tally.good > 100 && first.seen() > 0)
  const died = first.close()
  const before = tally.good
  await eventually(() => tally.good > before + 300)
  stopped = true
  await Promise.all([...callers, died])
  t.same(tally.bad, [], `${tally.good} requests, none lost`)
})

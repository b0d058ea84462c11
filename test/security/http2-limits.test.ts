// Every limit of HTTP/2 attacked through a whole sidecar: the attacker's connection ends, the metric says why, and who has a connection of
// its own does not notice.
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.ts'
import { askHttp2, connectHttp2, http2Origin } from '../support/h2-node.ts'
import { type RawHttp2, rawHttp2 } from '../support/h2-raw.ts'
import { block, frame, headers, POST, PREFACE, REQUEST, settings, uint32 } from '../support/h2-wire.ts'
import { startSidecar, type TestSidecar } from '../support/sidecar.ts'

const CALM = 11
const RATE = { burst: 50, perSecond: 10 }
const LIMITS = {
  maxStreams: 10,
  resets: RATE,
  provokedResets: RATE,
  settings: RATE,
  pings: RATE,
  emptyFrames: RATE,
  windowUpdates: { burst: 100, perSecond: 10 },
  priorities: RATE,
}

function many(count: number, make: (n: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, n) => make(n)))
}

const reset = (id: number, code = 8): Buffer => frame('RST_STREAM', 0, id, uint32(code))
const odd = (n: number): number => n * 2 + 1

interface Attack {
  readonly reason: string
  readonly frames: () => Buffer
}

const FLOODS: Readonly<Record<string, Attack>> = {
  'rapid reset (CVE-2023-44487)': {
    reason: 'resets',
    frames: () => many(200, (n) => Buffer.concat([headers(odd(n)), reset(odd(n))])),
  },
  'MadeYouReset by windows (CVE-2025-8671)': {
    reason: 'provoked_resets',
    frames: () => many(200, (n) => Buffer.concat([headers(odd(n), POST, 4), frame('WINDOW_UPDATE', 0, odd(n), uint32(0))])),
  },
  'MadeYouReset by malformed heads': {
    reason: 'provoked_resets',
    frames: () => many(200, (n) => headers(odd(n), [...REQUEST, ['connection', 'x']])),
  },
  'MadeYouReset by lengths': {
    reason: 'provoked_resets',
    frames: () =>
      many(200, (n) => Buffer.concat([headers(odd(n), [...POST, ['content-length', '1']], 4), frame('DATA', 1, odd(n), 'ab')])),
  },
  'streams beyond the limit, again and again': {
    reason: 'provoked_resets',
    frames: () => many(200, (n) => headers(odd(n), POST, 4)),
  },
  'SETTINGS flood (CVE-2019-9515)': { reason: 'settings', frames: () => many(200, () => settings()) },
  'PING flood (CVE-2019-9512)': { reason: 'pings', frames: () => many(200, () => frame('PING', 0, 0, Buffer.alloc(8))) },
  'empty DATA flood (CVE-2019-9518)': {
    reason: 'empty_frames',
    frames: () => Buffer.concat([headers(1, POST, 4), many(200, () => frame('DATA', 0, 1, ''))]),
  },
  'DATA of nothing but padding': {
    reason: 'empty_frames',
    frames: () => Buffer.concat([headers(1, POST, 4), many(200, () => frame('DATA', 8, 1, '\x03\0\0\0'))]),
  },
  'WINDOW_UPDATE flood': {
    reason: 'window_updates',
    frames: () => many(200, () => frame('WINDOW_UPDATE', 0, 0, uint32(1))),
  },
  'PRIORITY flood (CVE-2019-9513)': {
    reason: 'priorities',
    frames: () => many(200, () => frame('PRIORITY', 0, 3, Buffer.alloc(5))),
  },
  'a flood of frames that nobody knows': { reason: 'priorities', frames: () => many(200, () => frame(0xbe, 0, 0, 'x')) },
  'CONTINUATION flood (CVE-2024-27316)': {
    reason: 'continuations',
    frames: () => Buffer.concat([frame('HEADERS', 1, 1, block(...REQUEST)), many(200, () => frame('CONTINUATION', 0, 1, ''))]),
  },
  'a head without end': {
    reason: 'head_bytes',
    frames: () =>
      Buffer.concat([
        frame('HEADERS', 1, 1, block(...REQUEST)),
        many(14, () => frame('CONTINUATION', 0, 1, Buffer.alloc(16_000))),
      ]),
  },
}

interface World extends TestSidecar {
  /** Asks for as long as the test lasts, on a connection of its own; what it was answered. */
  readonly bystander: () => Promise<void>
}

async function world(t: Test, limits: Record<string, unknown> = LIMITS, http: Record<string, unknown> = {}): Promise<World> {
  const origin = await http2Origin(t, (stream, { ':path': path }) => {
    stream.respond({ ':status': 200 })
    stream.end(path === '/large' ? Buffer.alloc(1_000_000) : undefined)
  })
  const inbound = [{ listen: '127.0.0.1:0', app: origin.address, appProtocol: 'http2' }]
  const sidecar = await startSidecar(t, { listeners: { inbound }, http2: limits, http })
  const session = connectHttp2(t, sidecar.inbound)
  const bystander = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) t.equal((await askHttp2(session, { ':path': '/' })).headers[':status'], 200)
    t.equal(session.closed, false)
  }
  await bystander()
  return { ...sidecar, bystander }
}

const struck = ({ metric }: World, reason: string): Promise<number> =>
  metric('outrigger_http2_limits_total', { side: 'downstream', reason })

for (const [name, { reason, frames }] of Object.entries(FLOODS)) {
  t.test(name, async (t) => {
    const here = await world(t)
    const attacker = await rawHttp2(t, here.inbound)
    attacker.send(frames())
    await eventually(() => attacker.goAway === CALM)
    await eventually(() => attacker.closed)
    t.equal(await struck(here, reason), 1)
    await here.bystander()
    await eventually(() => here.sidecar.open.size === 0)
  })
}

t.test('more streams than allowed are refused, and may be sent again', async (t) => {
  const here = await world(t)
  const caller = await rawHttp2(t, here.inbound)
  caller.send(many(12, (n) => headers(odd(n), POST, 4)))
  await eventually(
    () => caller.frames.filter(({ type, payload }) => type === 'RST_STREAM' && payload.readUInt32BE(0) === 7).length === 2,
  )
  t.equal(await struck(here, 'streams'), 2)
  await here.bystander()
})

t.test('HPACK bomb and cookie bomb: small blocks of large heads are refused', async (t) => {
  const here = await world(t)
  const attacker = await rawHttp2(t, here.inbound)
  const bomb = Buffer.concat([block(...REQUEST), Buffer.from([0x40]), block(['x-bomb', 'v'.repeat(3000)]).subarray(1)])
  attacker.send(
    frame('HEADERS', 5, 1, bomb),
    frame('HEADERS', 5, 3, Buffer.concat([block(...REQUEST), Buffer.alloc(10_000, 0xbe)])),
  )
  const crumbs = Array.from({ length: 2000 }, () => Buffer.from([0x0f, 0x11, 0]))
  attacker.send(frame('HEADERS', 5, 5, Buffer.concat([block(...REQUEST), ...crumbs])))
  t.equal(await attacker.ended(1), '200')
  t.equal(await attacker.ended(3), '431')
  t.equal(await attacker.ended(5), '431')
  t.equal(await struck(here, 'head_bytes'), 2)
  await here.bystander()
})

t.test('a table of header compression beyond what was allowed', async (t) => {
  const here = await world(t)
  const attacker = await rawHttp2(t, here.inbound)
  await eventually(() => attacker.frames.some(({ type }) => type === 'SETTINGS'))
  attacker.send(frame('HEADERS', 5, 1, Buffer.concat([Buffer.from([0x3f, 0xe2, 0x1f]), block(...REQUEST)])))
  await eventually(() => attacker.goAway === 9)
  await here.bystander()
})

async function silent(
  t: Test,
  send: (attacker: RawHttp2) => void,
  options: { bare?: boolean; http2?: object } = {},
): Promise<World> {
  const http = { headTimeout: '300ms', bodyTimeout: '300ms' }
  const here = await world(t, { ...LIMITS, settingsTimeout: '300ms', ...options.http2 }, http)
  const attacker = await rawHttp2(t, here.inbound, { bare: options.bare === true })
  send(attacker)
  await eventually(() => attacker.closed)
  await here.bystander()
  return here
}

t.test('a preface that is not finished', async (t) => {
  const here = await silent(t, (attacker) => attacker.send(PREFACE), { bare: true })
  t.equal(await struck(here, 'preface'), 1)
})

t.test('SETTINGS that are not acknowledged', async (t) => {
  const here = await silent(t, (attacker) => attacker.send(PREFACE, settings()), { bare: true })
  t.equal(await struck(here, 'settings_ack'), 1)
})

t.test('a head that is not finished', async (t) => {
  await silent(t, (attacker) => attacker.send(frame('HEADERS', 1, 1, block(...REQUEST))))
})

t.test('a window that stays shut holds its own stream for so long, and no other', async (t) => {
  const here = await world(t, LIMITS, { bodyTimeout: '300ms' })
  const attacker = await rawHttp2(t, here.inbound, { bare: true })
  attacker.send(PREFACE, settings([4, 0]), frame('SETTINGS', 1, 0))
  attacker.send(headers(1, [...REQUEST.slice(0, 3), [':path', '/large']]), headers(3))
  t.equal(await attacker.ended(3), '200', 'another stream of the same connection')
  await here.bystander()
  t.equal(await attacker.ended(1), '200 reset 8')
  t.equal(await struck(here, 'stalled_stream'), 1)
  await eventually(() => here.sidecar.open.size === 0)
})

t.test('who asks and does not read is cut (CVE-2019-9517)', async (t) => {
  const here = await world(t, { ...LIMITS, maxUnread: '16KiB', pings: { burst: 1_000_000, perSecond: 1_000_000 } })
  const attacker = await rawHttp2(t, here.inbound)
  attacker.socket.pause()
  attacker.send(frame('WINDOW_UPDATE', 0, 0, uint32(1_000_000_000)), settings([4, 1_000_000_000]))
  attacker.send(many(8, (n) => headers(odd(n), [...REQUEST.slice(0, 3), [':path', '/large']])))
  await eventually(async () => {
    attacker.send(many(5000, () => frame('PING', 0, 0, Buffer.alloc(8))))
    return (await struck(here, 'unread_bytes')) === 1
  })
  await here.bystander()
  await eventually(() => here.sidecar.open.size === 0)
})

t.test('limits of a reload hold for connections that come after it', async (t) => {
  const here = await world(t, { ...LIMITS, pings: { burst: 100_000, perSecond: 100_000 } })
  const flood = many(200, () => frame('PING', 0, 0, Buffer.alloc(8)))
  const early = await rawHttp2(t, here.inbound)
  early.send(flood, headers(1))
  t.equal(await early.ended(1), '200')
  const { config } = here.sidecar.snapshot
  await here.sidecar.reload({ ...config, settings: { ...config.settings, http2: { ...config.settings.http2, pings: RATE } } })
  early.send(flood, headers(3))
  t.equal(await early.ended(3), '200', 'what is open keeps its limits')
  const late = await rawHttp2(t, here.inbound)
  late.send(flood)
  await eventually(() => late.goAway === CALM)
})

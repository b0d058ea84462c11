import { createServer, type Server } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import * as fc from 'fast-check'
import t from 'tap'
import { readClientHello } from '../../../src/core/client-hello.ts'

/** The ClientHello that node:tls really sends with these options. */
async function capture(options: ConnectionOptions): Promise<Buffer> {
  const server: Server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return new Promise((resolve) => {
    let hello = Buffer.alloc(0)
    server.once('connection', (socket) => {
      socket.on('data', (chunk: Buffer) => {
        hello = Buffer.concat([hello, chunk])
        if (hello.length < 5 + hello.readUInt16BE(3)) return
        socket.destroy()
        server.close(() => resolve(hello))
      })
    })
    connectTls({ ...options, port, host: '127.0.0.1' }).on('error', () => {})
  })
}

const u8 = (value: number): Buffer => Buffer.from([value])
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const block8 = (content: Buffer): Buffer => Buffer.concat([u8(content.length), content])
const block16 = (content: Buffer): Buffer => Buffer.concat([u16(content.length), content])
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), block16(content)])
const nameExtension = (name: string, type = 0): Buffer =>
  extension(0, block16(Buffer.concat([u8(type), block16(Buffer.from(name, 'latin1'))])))
const alpn = (...names: string[]): Buffer =>
  extension(16, block16(Buffer.concat(names.map((name) => block8(Buffer.from(name, 'latin1'))))))

interface Parts {
  readonly version?: number
  readonly session?: Buffer
  readonly ciphers?: Buffer
  readonly compression?: Buffer
  readonly extensions?: Buffer
}

/** A handshake message, as it is or with one part changed. */
function message(parts: Parts = {}): Buffer {
  const { version = 0x0303, session = Buffer.alloc(32), ciphers = Buffer.from([0x13, 0x01]), compression = u8(0) } = parts
  const head = Buffer.concat([u16(version), Buffer.alloc(32), block8(session), block16(ciphers), block8(compression)])
  const body = Buffer.concat([head, parts.extensions ?? block16(nameExtension('a.example'))])
  return Buffer.concat([Buffer.from([1, body.length >> 16, (body.length >> 8) & 255, body.length & 255]), body])
}

function records(content: Buffer, recordBytes: number): Buffer {
  const cuts: Buffer[] = []
  for (let at = 0; at < content.length; at += recordBytes) {
    cuts.push(Buffer.from([22, 3, 1]), block16(content.subarray(at, at + recordBytes)))
  }
  return Buffer.concat(cuts)
}

const hello = (parts: Parts = {}): Buffer => records(message(parts), 16_384)

const CAPTURES = [
  { name: 'TLS 1.3 with a name and protocols', options: { servername: 'Catalog.Shop', ALPNProtocols: ['h2', 'http/1.1'] } },
  { name: 'TLS 1.2', options: { servername: 'a.example', maxVersion: 'TLSv1.2', ALPNProtocols: ['istio'] } },
  { name: 'no name', options: { servername: '', ALPNProtocols: ['http/1.1'] } },
  { name: 'no protocols', options: { servername: 'a-b.c_d.example' } },
] as const

for (const { name, options } of CAPTURES) {
  t.test(`reads what node:tls sends: ${name}`, async (t) => {
    const bytes = await capture(options)
    const expected = {
      kind: 'done',
      serverName: options.servername === '' ? undefined : options.servername.toLowerCase(),
      protocols: 'ALPNProtocols' in options ? [...options.ALPNProtocols] : [],
    }
    t.same(readClientHello(bytes), expected)
    t.same(readClientHello(Buffer.concat([bytes, Buffer.from([23, 3, 3, 0, 1, 0])])), expected, 'with early data behind it')
    for (const recordBytes of [100, 37])
      t.same(readClientHello(records(bytes.subarray(5), recordBytes)), expected, 'in several records')
    for (let length = 0; length < bytes.length; length++) {
      if (readClientHello(bytes.subarray(0, length)).kind !== 'need-more') t.fail(`decided after ${length} bytes`)
    }
  })
}

const ACCEPTED = [
  { name: 'without extensions', bytes: hello({ extensions: Buffer.alloc(0) }), serverName: undefined, protocols: [] },
  {
    name: 'with an empty list of extensions',
    bytes: hello({ extensions: block16(Buffer.alloc(0)) }),
    serverName: undefined,
    protocols: [],
  },
  {
    name: 'with GREASE extensions and ciphers',
    bytes: hello({
      ciphers: Buffer.from([0x2a, 0x2a, 0x13, 0x01]),
      extensions: block16(
        Buffer.concat([
          extension(0x5a5a, Buffer.alloc(0)),
          nameExtension('b.example'),
          alpn('\x6a\x6a', 'h2'),
          extension(0xfafa, u8(0)),
        ]),
      ),
    }),
    serverName: 'b.example',
    protocols: ['\x6a\x6a', 'h2'],
  },
  {
    name: 'as large as post-quantum keys make it',
    bytes: hello({ extensions: block16(Buffer.concat([extension(51, Buffer.alloc(9000)), nameExtension('c.example')])) }),
    serverName: 'c.example',
    protocols: [],
  },
]

for (const { name, bytes, ...expected } of ACCEPTED) {
  t.test(`reads one ${name}`, async (t) => {
    t.same(readClientHello(bytes), { kind: 'done', ...expected })
  })
}

t.test('knows at the first byte that differs that it is no TLS', async (t) => {
  const beginnings = [
    'G',
    '\x80\x2e\x01',
    '\x16\x02',
    '\x16\x03\x05',
    '\x16\x03\x01\0\0',
    '\x16\x03\x01\x40\x01',
    '\x16\x03\x01\0\x50\x02',
    '\x15\x03\x01',
  ]
  for (const text of beginnings) t.equal(readClientHello(Buffer.from(text, 'latin1')).kind, 'not-tls')
})

const withExtensions = (...extensions: Buffer[]): Buffer => hello({ extensions: block16(Buffer.concat(extensions)) })
const names = (...list: Buffer[]): Buffer => withExtensions(extension(0, block16(Buffer.concat(list))))

const MALFORMED = [
  { name: 'another version', bytes: hello({ version: 0x0203 }) },
  { name: 'a session id of 33 bytes', bytes: hello({ session: Buffer.alloc(33) }) },
  { name: 'no cipher', bytes: hello({ ciphers: Buffer.alloc(0) }) },
  { name: 'half a cipher', bytes: hello({ ciphers: Buffer.alloc(3) }) },
  { name: 'no compression method', bytes: hello({ compression: Buffer.alloc(0) }) },
  {
    name: 'bytes behind its extensions',
    bytes: hello({ extensions: Buffer.concat([block16(nameExtension('a.example')), u8(0)]) }),
  },
  { name: 'extensions that end too late', bytes: hello({ extensions: Buffer.concat([u16(50), nameExtension('a.example')]) }) },
  { name: 'an extension that ends too late', bytes: withExtensions(Buffer.from([0, 5, 0, 9, 1])) },
  { name: 'an extension twice', bytes: withExtensions(nameExtension('a.example'), nameExtension('b.example')) },
  { name: 'an unknown extension twice', bytes: withExtensions(extension(77, u8(1)), extension(77, u8(1))) },
  { name: 'an empty list of names', bytes: names() },
  { name: 'two names', bytes: names(u8(0), block16(Buffer.from('a')), u8(0), block16(Buffer.from('b'))) },
  { name: 'a name of another type', bytes: withExtensions(nameExtension('a.example', 1)) },
  {
    name: 'bytes behind the list of names',
    bytes: withExtensions(extension(0, Buffer.concat([block16(Buffer.concat([u8(0), block16(Buffer.from('a'))])), u8(0)]))),
  },
  { name: 'an empty list of protocols', bytes: withExtensions(alpn()) },
  { name: 'an empty protocol', bytes: withExtensions(alpn('h2', '')) },
  { name: 'bytes behind the message', bytes: records(Buffer.concat([message(), u8(0)]), 16_384) },
  {
    name: 'another record in its midst',
    bytes: Buffer.concat([records(message(), 40).subarray(0, 45), Buffer.from([23, 3, 3, 0, 1, 0])]),
  },
  {
    name: 'an empty record in its midst',
    bytes: Buffer.concat([records(message(), 40).subarray(0, 45), Buffer.from([22, 3, 3, 0, 0])]),
  },
  { name: 'more than 64 records', bytes: records(message(), 1) },
  { name: 'more than 64 KiB announced', bytes: Buffer.from([22, 3, 1, 0, 200, 1, 1, 0, 0]) },
]

for (const { name, bytes } of MALFORMED) {
  t.test(`refuses one with ${name}`, async (t) => {
    t.equal(readClientHello(bytes).kind, 'malformed')
  })
}

for (const name of [
  '',
  '.',
  'a..b',
  'a.example.',
  '.a',
  'a b',
  'a\0.example',
  'a/b',
  'caf\xe9.example',
  `${'a.'.repeat(127)}a`,
]) {
  t.test(`refuses the server name ${JSON.stringify(name.slice(0, 20))}`, async (t) => {
    t.equal(readClientHello(withExtensions(nameExtension(name))).kind, 'malformed')
  })
}

t.test('no mutation makes it throw, or decide otherwise when more bytes come', async () => {
  const seeds = [
    await capture({ servername: 'a.example', ALPNProtocols: ['h2'] }),
    ...ACCEPTED.map(({ bytes }) => bytes),
    records(message(), 30),
  ]
  const mutant = fc
    .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([seed, edits]) => {
      const copy = Buffer.from(seed)
      for (const [at, byte] of edits) copy[at % Math.min(copy.length, 600)] = byte
      return copy
    })
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from([22, 3, 1]), bytes]))
  fc.assert(
    fc.property(fc.oneof(mutant, noise), fc.nat(600), (bytes, cut) => {
      const part = readClientHello(bytes.subarray(0, cut))
      return part.kind === 'need-more' || part.kind === readClientHello(bytes).kind
    }),
    { numRuns: 20_000 },
  )
})

// Our HPACK against a second one, and our frames against mutated ones. More rounds: OUTRIGGER_FUZZ_BLOCKS=1000000, OUTRIGGER_FUZZ_RUNS=100000;
// OUTRIGGER_FUZZ_SEED=n repeats a run.
import t from 'tap'
import { Decoder } from '../../src/codec/http2/hpack/decoder.ts'
import { Encoder } from '../../src/codec/http2/hpack/encoder.ts'
import { nameOf } from '../../src/codec/http2/hpack/name.ts'
import { STATIC_TABLE } from '../../src/codec/http2/hpack/static-table.ts'
import { Fields } from '../../src/core/fields.ts'
import { settled } from '../support/fake-clock.ts'
import { clientEnd, serverEnd } from '../support/h2-ends.ts'
import { block, frame, headers, POST, parseFrames, REQUEST, settings, uint32 } from '../support/h2-wire.ts'
import { ReferenceDecoder, referenceHuffmanEncode } from '../support/hpack-reference.ts'
import { EchoExchange } from '../support/http2.ts'
import { Seeded } from '../support/seeded.ts'

const BLOCKS = Number(process.env['OUTRIGGER_FUZZ_BLOCKS'] ?? 20_000)
const CONNECTIONS = Number(process.env['OUTRIGGER_FUZZ_RUNS'] ?? 2000)
const SEED = Number(process.env['OUTRIGGER_FUZZ_SEED'] ?? 1)
/** Blocks that share a table before a new one is begun. */
const BLOCKS_A_CONNECTION = 50

type Pair = [name: string, value: string]

const NAMES = [
  'x-a',
  'x-b',
  'content-type',
  'accept',
  'user-agent',
  'cookie',
  'authorization',
  'x-request-id',
  'etag',
  'date',
  'via',
]
const CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789-_./=;, "<>{}\t\xe9\xff~'

function randomValue(random: Seeded): string {
  if (random.chance(40)) return random.pick(['', 'text/html', 'gzip, deflate', 'application/grpc', 'no-cache', '0', '1'])
  const length = random.chance(5) ? random.below(3000) : random.below(40)
  const text = Array.from({ length }, () => CHARACTERS[random.below(CHARACTERS.length)]).join('')
  return text.trim()
}

function randomPairs(random: Seeded): Pair[] {
  return Array.from({ length: random.below(12) }, () => {
    const name = random.chance(85) ? random.pick(NAMES) : `x-${random.below(5000)}`
    return [name, randomValue(random)]
  })
}

t.test('what we encode is what a second decoder reads', async (t) => {
  const random = new Seeded(SEED)
  let encoder = new Encoder(4096)
  let reference = new ReferenceDecoder()
  for (let round = 0; round < BLOCKS; round++) {
    if (round % BLOCKS_A_CONNECTION === 0) {
      encoder = new Encoder(random.pick([0, 100, 1000, 4096]))
      reference = new ReferenceDecoder()
    }
    if (random.chance(3)) encoder.limitTable(random.below(5000))
    const pairs = randomPairs(random)
    const room = random.chance(10) ? 100 : 16_384
    encoder.begin(new Uint8Array(room), 0, room)
    for (const [name, value] of pairs) encoder.write(nameOf(name), value, random.chance(2))
    const bytes = Buffer.from(encoder.bytes.subarray(encoder.start, encoder.at))
    const read = reference.decode(bytes)
    if (JSON.stringify(read) !== JSON.stringify(pairs)) {
      t.same(read, pairs, `round ${round} of seed ${SEED}: ${bytes.toString('hex')}`)
      return
    }
  }
})

/** A block in any of the forms that RFC 7541 allows, and a few that it does not. */
function randomBlock(random: Seeded, entries: number): Buffer {
  const parts: Buffer[] = []
  const integer = (first: number, mask: number, value: number): Buffer => {
    const bytes = [value < mask ? first | value : first | mask]
    if (value >= mask) {
      let rest = value - mask
      for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
      bytes.push(rest)
    }
    return Buffer.from(bytes)
  }
  const text = (value: string): Buffer => {
    const huffman = random.chance(50)
    const bytes = huffman ? referenceHuffmanEncode(value) : Buffer.from(value, 'latin1')
    return Buffer.concat([integer(huffman ? 128 : 0, 127, bytes.length), bytes])
  }
  if (random.chance(4)) parts.push(integer(0x20, 31, random.below(4200)))
  for (let n = random.below(8); n > 0; n--) {
    const known = 1 + random.below(STATIC_TABLE.length + Math.min(entries, 40))
    if (random.chance(40)) parts.push(integer(0x80, 127, known))
    else {
      const [first, mask] = random.pick([
        [0x40, 63],
        [0x40, 63],
        [0, 15],
        [0x10, 15],
      ] as const)
      const indexed = random.chance(50)
      parts.push(integer(first, mask, indexed ? known : 0))
      if (!indexed) parts.push(text(random.pick(NAMES)))
      parts.push(text(randomValue(random)))
    }
  }
  const bytes = Buffer.concat(parts)
  if (bytes.length > 0 && random.chance(15)) bytes[random.below(bytes.length)] = random.below(256)
  return random.chance(3) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes
}

/** What we refuse and the RFC leaves open or to the recipient. */
const STRICTER = /number too large|number that|size update|empty field name|longer than its block/

t.test('what a second decoder reads is what we read', async (t) => {
  const random = new Seeded(SEED + 1)
  let decoder = new Decoder()
  let reference = new ReferenceDecoder()
  let entries = 0
  let refused = 0
  for (let round = 0; round < BLOCKS; round++) {
    const bytes = randomBlock(random, entries)
    let expected: Pair[] | undefined
    let got: Pair[] | undefined = []
    let problem = ''
    try {
      expected = reference.decode(bytes)
    } catch {}
    try {
      decoder.decode(bytes, 0, bytes.length, { onField: (field) => got?.push([field.name.text, field.value]) })
    } catch (error) {
      got = undefined
      problem = (error as Error).message
      if ((error as Error).name !== 'HpackError') t.fail(`${problem}: ${bytes.toString('hex')}`)
    }
    if (JSON.stringify(got) !== JSON.stringify(expected) && !(got === undefined && STRICTER.test(problem))) {
      t.same(got, expected, `round ${round} of seed ${SEED}: ${bytes.toString('hex')} ${problem}`)
      return
    }
    entries++
    if (got === undefined || round % BLOCKS_A_CONNECTION === 0) {
      if (got === undefined) refused++
      decoder = new Decoder()
      reference = new ReferenceDecoder()
      entries = 0
    }
  }
  t.ok(refused > BLOCKS / 100 && refused < BLOCKS / 2, `${refused} of ${BLOCKS} refused`)
})

const CALL: readonly Buffer[] = [
  settings([4, 1000]),
  headers(1),
  headers(3, [...POST, ['content-length', '5'], ['cookie', 'a=b'], ['cookie', 'c=d']], 4),
  frame('DATA', 0, 3, 'ab'),
  frame('PING', 0, 0, Buffer.alloc(8)),
  frame('DATA', 9, 3, '\x04cde\0\0\0\0'),
  frame('HEADERS', 0x2d, 5, Buffer.concat([Buffer.from([3, 0, 0, 0, 1, 9]), block(...REQUEST), Buffer.alloc(3)])),
  frame('HEADERS', 0, 7, block(...POST).subarray(0, 9)),
  frame('CONTINUATION', 4, 7, block(...POST).subarray(9)),
  frame('WINDOW_UPDATE', 0, 7, uint32(500)),
  frame('DATA', 0, 7, Buffer.alloc(300)),
  headers(7, [['x-trailer', 'z']]),
  headers(9, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...REQUEST.slice(1)], 4),
  frame('DATA', 1, 9, 'tunnel'),
  frame('RST_STREAM', 0, 5, uint32(8)),
  frame('PRIORITY', 0, 11, Buffer.alloc(5)),
  frame('GOAWAY', 0, 0, uint32(0, 0)),
  frame('WINDOW_UPDATE', 0, 0, uint32(70_000)),
]

const ANSWER: readonly Buffer[] = [
  settings([3, 10], [8, 1]),
  frame('HEADERS', 4, 1, block([':status', '103'], ['link', 'x'])),
  headers(
    1,
    [
      [':status', '200'],
      ['content-length', '5'],
    ],
    4,
  ),
  frame('DATA', 0, 1, 'ab'),
  headers(3, [[':status', '204']]),
  frame('DATA', 9, 1, '\x02cde\0\0'),
  frame('PING', 0, 0, Buffer.alloc(8)),
  frame('HEADERS', 0, 5, block([':status', '200'], ['x-a', 'b']).subarray(0, 7)),
  frame('CONTINUATION', 4, 5, block([':status', '200'], ['x-a', 'b']).subarray(7)),
  frame('DATA', 0, 5, Buffer.alloc(400)),
  headers(5, [['grpc-status', '0']]),
  frame('WINDOW_UPDATE', 0, 7, uint32(500)),
  frame('RST_STREAM', 0, 7, uint32(7)),
  headers(9, [[':status', '200']], 4),
  frame('DATA', 1, 9, 'tunnel'),
  frame('GOAWAY', 0, 0, uint32(9, 0)),
]

function mutate(random: Seeded, frames: readonly Buffer[]): Buffer[] {
  const result: Buffer[] = frames.map((f) => Buffer.from(f))
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(result.length)
    const one = result[at] as Buffer
    const what = random.below(6)
    if (what === 0) result.splice(at, 1)
    else if (what === 1) result.splice(at, 0, Buffer.from(one))
    else if (what === 2) result[at] = one.subarray(0, random.below(one.length))
    else if (what === 3)
      result.splice(at, 0, frame(random.below(12), random.below(256), random.below(12), random.bytes(random.below(40))))
    else one[random.below(one.length)] = random.below(256)
  }
  return result
}

function inPieces(random: Seeded, bytes: Buffer, send: (piece: Buffer) => void): void {
  const largest = random.pick([1, 7, 50, 5000])
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(largest)
    send(bytes.subarray(at, at + length))
    at += length
  }
}

t.test('a server survives mutated frames', async (t) => {
  const random = new Seeded(SEED + 2)
  let served = 0
  for (let round = 0; round < CONNECTIONS; round++) {
    const end = serverEnd({}, { answer: (stream, head, ended) => new EchoExchange(stream, head, ended) })
    inPieces(random, Buffer.concat(mutate(random, CALL)), (piece) => end.socket.emit('data', piece))
    if (random.chance(50)) end.clock.advance(100_000)
    end.socket.emit(random.pick(['end', 'close']))
    if (end.seen.defects.length > 0 || end.connection.active > 0 || end.seen.closed !== 1) {
      t.same([end.seen.defects, end.connection.active, end.seen.closed], [[], 0, 1], `round ${round} of seed ${SEED}`)
      return
    }
    if (parseFrames(end.socket.take()).some((f) => f.type === 'HEADERS')) served++
    if (round % 100 === 0) await settled()
  }
  t.ok(served > CONNECTIONS / 2, `${served} of ${CONNECTIONS} got some answer`)
})

t.test('a client survives mutated frames', async (t) => {
  const random = new Seeded(SEED + 3)
  for (let round = 0; round < CONNECTIONS; round++) {
    const end = clientEnd({}, { raw: true })
    const under = [
      end.begin(),
      end.begin({ method: 'HEAD' }),
      end.begin({ method: 'POST', bodyLength: -1 }, false),
      end.begin({ fields: Fields.of(['x', 'y']) }),
      end.begin({ method: 'CONNECT', authority: 'a.test:1', path: '' }),
    ]
    under[2]?.stream.write(Buffer.alloc(100))
    inPieces(random, Buffer.concat(mutate(random, ANSWER)), (piece) => end.connection.push(piece, true))
    end.socket.emit(random.pick(['end', 'close']))
    await settled()
    const open = under.filter(({ attempt }) => attempt.events.length === 0).length
    if (end.connection.active > 0 || open > 0) {
      t.same([end.connection.active, open], [0, 0], `round ${round} of seed ${SEED}`)
      return
    }
  }
  t.pass()
})

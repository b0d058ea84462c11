import t from 'tap'
import { Decoder } from '../../../../../src/codec/http2/hpack/decoder.ts'
import { Encoder } from '../../../../../src/codec/http2/hpack/encoder.ts'
import { nameOf } from '../../../../../src/codec/http2/hpack/name.ts'
import { ReferenceDecoder } from '../../../../support/hpack-reference.ts'

type Pairs = readonly (readonly [name: string, value: string])[]

function encode(encoder: Encoder, pairs: Pairs, room = 16_384): Buffer {
  encoder.begin(new Uint8Array(room), 0, room)
  for (const [name, value] of pairs) encoder.field(name, value)
  return Buffer.from(encoder.bytes.subarray(encoder.start, encoder.at))
}

t.test('static entries are one byte', async (t) => {
  const bytes = encode(new Encoder(4096), [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/'],
    [':status', '404'],
    ['accept-encoding', 'gzip, deflate'],
  ])
  t.equal(bytes.toString('hex'), '8287848d90')
})

t.test('a value that comes again is indexed, and then costs a byte', async (t) => {
  const encoder = new Encoder(4096)
  const decoder = new ReferenceDecoder()
  const pairs: Pairs = [['x-encoder-test', 'some value of some length']]
  const sizes = [1, 2, 3].map(() => {
    const bytes = encode(encoder, pairs)
    t.same(decoder.decode(bytes), pairs)
    return bytes.length
  })
  t.ok((sizes[1] as number) > 10, 'the second time it is put into the table')
  t.equal(sizes[2], 1)
})

t.test('secrets are never indexed, whoever says that they are', async (t) => {
  const encoder = new Encoder(4096)
  const pairs: Pairs = [
    ['authorization', 'Basic abc'],
    ['cookie', 'a=b'],
    ['set-cookie', 'a=b'],
    ['proxy-authorization', 'x'],
  ]
  for (let i = 0; i < 4; i++) {
    const bytes = encode(encoder, pairs)
    t.same(new ReferenceDecoder().decode(bytes), pairs, 'can be read without any state')
  }
  encoder.begin(new Uint8Array(100), 0, 100)
  for (let i = 0; i < 3; i++) {
    encoder.begin(new Uint8Array(100), 0, 100)
    encoder.write(nameOf('x-token'), 'secret', true)
    t.equal((encoder.bytes[0] as number) & 0xf0, 0x10)
  }
})

t.test('what has no place in HTTP/2 is left out', async (t) => {
  const bytes = encode(new Encoder(4096), [
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'x'],
    ['Upper', 'x'],
    ['with space', 'x'],
    ['', 'x'],
    [':unknown', 'x'],
    ['a', 'b'],
  ])
  t.same(new ReferenceDecoder().decode(bytes), [['a', 'b']])
})

t.test('bytes that can not stand in a value become spaces', async (t) => {
  for (const value of ['a\r\nb: c', 'a\0b', 'a\x7fb', 'a\u010ab', 'a\u{1f600}b']) {
    const encoder = new Encoder(4096)
    for (let i = 0; i < 3; i++) {
      const [pair] = new ReferenceDecoder().decode(encode(encoder, [['x-dirty', value]]))
      t.notMatch(pair?.[1] ?? '\n', /[^\x20-\x7e]/)
    }
  }
})

t.test('a block that does not fit goes on elsewhere', async (t) => {
  const pairs: Pairs = Array.from({ length: 50 }, (_, i) => [`x-long-${i}`, String(i).repeat(300)] as const)
  const encoder = new Encoder(4096)
  const small = new Uint8Array(64)
  encoder.begin(small, 0, 64)
  for (const [name, value] of pairs) encoder.field(name, value)
  t.not(encoder.bytes, small)
  t.same(new ReferenceDecoder().decode(Buffer.from(encoder.bytes.subarray(encoder.start, encoder.at))), pairs)
})

t.test('numbers of all sizes', async (t) => {
  for (const length of [0, 126, 127, 128, 254, 255, 16_000, 200_000]) {
    const pairs: Pairs = [['x-length', '\xe9'.repeat(length)]]
    t.same(new ReferenceDecoder().decode(encode(new Encoder(4096), pairs, 64)), pairs, String(length))
  }
})

t.test('the table keeps to what the peer allows', async (t) => {
  const encoder = new Encoder(4096)
  const pairs: Pairs = [['x-table', 'a value to be indexed']]
  for (let i = 0; i < 3; i++) encode(encoder, pairs)
  encoder.limitTable(0)
  encoder.limitTable(1000)
  const bytes = encode(encoder, [...pairs, ...pairs, ...pairs])
  t.equal(bytes.subarray(0, 4).toString('hex'), '203fc907', 'RFC 7541 §4.2: the smallest size, then the one that holds')
  t.equal(new ReferenceDecoder(1000).decode(bytes).length, 3)
  encoder.limitTable(0)
  t.same(new ReferenceDecoder(0).decode(encode(encoder, pairs)), pairs, 'no table at all')
  encoder.limitTable(1_000_000)
  t.equal(encode(encoder, [[':method', 'GET']]).toString('hex'), '3fe11f82', 'no more than we want to spend')
})

t.test('a table of our own choice is announced', async (t) => {
  t.equal(encode(new Encoder(0), [[':method', 'GET']]).toString('hex'), '2082')
})

t.test('tables stay in step through evictions', async (t) => {
  const encoder = new Encoder(600)
  const decoder = new Decoder()
  const reference = new ReferenceDecoder()
  for (let round = 0; round < 400; round++) {
    const pairs: Pairs = [
      [`x-evict-${round % 7}`, `value ${round % 11}`],
      ['x-evict', String((round >> 2) % 13)],
    ]
    const bytes = encode(encoder, pairs)
    const fields: [string, string][] = []
    decoder.decode(bytes, 0, bytes.length, { onField: (field) => fields.push([field.name.text, field.value]) })
    t.same(fields, pairs)
    t.same(reference.decode(bytes), pairs)
    if (t.counts.fail > 0) return
  }
})

t.test('names and values of one use do not fill the memory', async (t) => {
  const encoder = new Encoder(4096)
  const decoder = new ReferenceDecoder()
  for (let i = 0; i < 20_000; i++) {
    const pairs: Pairs = [
      [`x-once-${i}`, 'v'],
      ['x-unique', `value-${i}`],
    ]
    const fields = decoder.decode(encode(encoder, pairs))
    if (fields.length !== 2 || fields[1]?.[1] !== `value-${i}`) t.fail('out of step')
  }
  t.equal(nameOf('x-unique').known('x'), undefined, 'a name of unique values is not watched for a while')
})

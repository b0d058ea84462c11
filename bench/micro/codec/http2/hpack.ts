// What compressing headers costs. node bench/micro/codec/http2/hpack.ts
import { Decoder } from '../../../../src/codec/http2/hpack/decoder.ts'
import { Encoder } from '../../../../src/codec/http2/hpack/encoder.ts'
import { huffmanDecode, huffmanEncode } from '../../../../src/codec/http2/hpack/huffman.ts'
import { micro } from '../../../lib/micro.ts'

const HEAD: readonly (readonly [string, string])[] = [
  [':status', '200'],
  ['content-type', 'application/json'],
  ['content-length', '1024'],
  ['server', 'nginx/1.22.1'],
  ['date', 'Mon, 23 Nov 2026 09:31:00 GMT'],
  ['cache-control', 'no-cache'],
]
const PATH = '/api/v1/users/12345/orders?limit=20&sort=desc'
const room = new Uint8Array(16_384)
const nothing = { onField(): void {} }

function encode(encoder: Encoder, unique?: string): Buffer {
  encoder.begin(room, 0, room.length)
  for (const [name, value] of HEAD) encoder.field(name, value)
  if (unique !== undefined) encoder.field('x-request-id', unique)
  return Buffer.from(room.buffer, 0, encoder.at)
}

const encoder = new Encoder(4096)
micro('encode six fields that come again', () => encode(encoder))
micro('the same and a request id', (i) => encode(encoder, `5f0c954e-d21f-4d83-b2be-${i}`))

// a connection of its own, so that the block's entries are in its table
const sender = new Encoder(4096)
const decoder = new Decoder()
let repeated = Buffer.alloc(0)
for (let i = 0; i < 5; i++) {
  repeated = Buffer.from(encode(sender))
  decoder.decode(repeated, 0, repeated.length, nothing)
}
micro('decode six fields that come again', () => decoder.decode(repeated, 0, repeated.length, nothing))

const literals = Buffer.from([0, 4, ...Buffer.from('x-id'), 45, ...Buffer.from(PATH)])
micro('decode a literal that comes again', () => decoder.decode(literals, 0, literals.length, nothing))
micro('decode a literal that does not', (i) => {
  literals.write(String(i), 20, 'latin1')
  decoder.decode(literals, 0, literals.length, nothing)
})

const packed = Buffer.alloc(64)
const length = huffmanEncode(PATH, packed, 0)
const unpacked = Buffer.alloc(128)
micro('Huffman, 45 characters, decode', () => huffmanDecode(packed, 0, length, unpacked))
micro('Huffman, 45 characters, encode', () => huffmanEncode(PATH, packed, 0))

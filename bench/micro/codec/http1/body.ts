// What finding the pieces of a body costs; bytes are not copied. node bench/micro/codec/http1/body.ts
import { BodyReader, DONE } from '../../../../src/codec/http1/body.ts'
import { BY_CHUNKS, BY_LENGTH, HeadReader } from '../../../../src/codec/http1/head.ts'
import { micro } from '../../../lib/micro.ts'

const reader = new BodyReader(new HeadReader({ maxFields: 100, upgrades: new Set() }), 61_440)
const plain = Buffer.alloc(1024, 'x')
const one = chunked(1, 1024)
const many = chunked(64, 1024)

micro('1 KiB by length', () => read(plain, BY_LENGTH, plain.length))
micro('1 KiB in a chunk', () => read(one, BY_CHUNKS, -1))
micro('64 KiB in 64 chunks', () => read(many, BY_CHUNKS, -1))

function read(bytes: Buffer, framing: number, length: number): number {
  reader.begin(framing, length)
  let at = 0
  let pieces = 0
  while (reader.next(bytes, at, bytes.length) !== DONE) {
    at = reader.at
    pieces++
  }
  return pieces
}

function chunked(count: number, bytes: number): Buffer {
  return Buffer.from(`${`${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`.repeat(count)}0\r\n\r\n`)
}

// The other side of an HTTP/2 connection, by hand: makes frames, good ones and bad ones, and reads what comes back. Knows nothing of the
// codec under test; its HPACK is the simplest that RFC 7541 allows.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
]

export interface Frame {
  readonly type: string
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export function frame(type: string | number, flags: number, id: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head[3] = typeof type === 'number' ? type : TYPES.indexOf(type)
  head[4] = flags
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, body])
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4)
  return bytes
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(entries.length * 6)
  for (const [i, [id, value]] of entries.entries()) {
    bytes.writeUInt16BE(id, i * 6)
    bytes.writeUInt32BE(value, i * 6 + 2)
  }
  return frame('SETTINGS', 0, 0, bytes)
}

/** Literals without indexing, without Huffman. */
export function block(...fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]))
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length = bytes.length < 127 ? [bytes.length] : longLength(bytes.length - 127)
  return Buffer.concat([Buffer.from(length), bytes])
}

function longLength(rest: number): number[] {
  const bytes = [127]
  let value = rest
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  bytes.push(value)
  return bytes
}

export const REQUEST: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/'],
]

export const POST: readonly (readonly [string, string])[] = [[':method', 'POST'], ...REQUEST.slice(1)]

/** A whole request head in one frame. */
export function headers(id: number, fields: readonly (readonly [string, string])[] = REQUEST, flags = 0x5): Buffer {
  return frame('HEADERS', flags, id, block(...fields))
}

export function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3)
    const type = bytes[at + 3] as number
    frames.push({
      type: TYPES[type] ?? String(type),
      flags: bytes[at + 4] as number,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return frames
}

/** A socket of which a test holds both ends; nothing is in flight. */
export class FakeSocket extends EventEmitter {
  writable = true
  writableLength = 0
  destroyed = false
  ended = false
  /** Nothing is taken: what is written waits. */
  stuck = false
  writes = 0
  readonly #sent: Buffer[] = []
  readonly #callbacks: (() => void)[] = []

  get asSocket(): Socket {
    return this as unknown as Socket
  }

  write(chunk: Buffer, done: () => void): boolean {
    this.writes++
    // a copy: the memory may be written again once it counts as sent
    this.#sent.push(Buffer.from(chunk))
    if (this.stuck) {
      this.writableLength += chunk.length
      this.#callbacks.push(done)
    } else queueMicrotask(done)
    return !this.stuck
  }

  /** The peer takes everything that waits. */
  release(): void {
    this.stuck = false
    this.writableLength = 0
    for (const done of this.#callbacks.splice(0)) done()
  }

  end(): void {
    this.ended = true
    this.writable = false
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.writable = false
    queueMicrotask(() => this.emit('close'))
  }

  pause(): void {}

  /** What has been written since the last look. */
  take(): Buffer {
    return Buffer.concat(this.#sent.splice(0))
  }

  frames(): Frame[] {
    return parseFrames(this.take())
  }
}

/** 'HEADERS:1:5' or with its payload as numbers where that says something. */
export function brief(f: Frame): string {
  const code = (at: number): string => String(f.payload.readUInt32BE(at))
  switch (f.type) {
    case 'RST_STREAM':
      return `RST_STREAM ${f.id} ${code(0)}`
    case 'GOAWAY':
      return `GOAWAY ${code(0)} ${code(4)}`
    case 'WINDOW_UPDATE':
      return `WINDOW_UPDATE ${f.id} ${code(0)}`
    case 'DATA':
      return `DATA ${f.id} ${f.payload.length}${(f.flags & 1) === 0 ? '' : ' end'}`
    case 'HEADERS':
      return `HEADERS ${f.id}${(f.flags & 1) === 0 ? '' : ' end'}`
    case 'SETTINGS':
    case 'PING':
      return `${f.type}${(f.flags & 1) === 0 ? '' : ' ack'}`
    default:
      return `${f.type} ${f.id}`
  }
}

// A client of HTTP/2 that sends the frames it is told, over a real connection, and keeps those that come.
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'
import { type Frame, frame, PREFACE, parseFrames, settings } from './h2-wire.ts'
import { ReferenceDecoder } from './hpack-reference.ts'

interface Owner {
  teardown(run: () => unknown): void
}

const END_STREAM = 1

export class RawHttp2 {
  readonly socket: Socket
  closed = false
  #bytes: Buffer = Buffer.alloc(0)
  readonly #decoder = new ReferenceDecoder()
  readonly #statuses = new Map<number, string[]>()
  #decoded = 0

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  get frames(): Frame[] {
    return parseFrames(this.#bytes).filter(({ payload }, i, all) => i < all.length - 1 || this.#isWhole(payload))
  }

  /** The statuses of a stream's heads, as far as they have come. */
  statusesOf(id: number): string[] {
    const { frames } = this
    for (; this.#decoded < frames.length; this.#decoded++) {
      const { type, payload, id: stream } = frames[this.#decoded] as Frame
      if (type !== 'HEADERS') continue
      const status = this.#decoder.decode(payload).find(([name]) => name === ':status')?.[1]
      if (status !== undefined) this.#statuses.set(stream, [...(this.#statuses.get(stream) ?? []), status])
    }
    return this.#statuses.get(id) ?? []
  }

  /** How a stream has ended: its final status, 'reset CODE', or both; undefined: not yet. */
  endOf(id: number): string | undefined {
    const own = this.frames.filter((one) => one.id === id)
    const reset = own.find(({ type }) => type === 'RST_STREAM')
    const ended = own.some(({ type, flags }) => (type === 'DATA' || type === 'HEADERS') && (flags & END_STREAM) !== 0)
    if (reset === undefined && !ended) return this.closed ? 'closed' : undefined
    return [...this.statusesOf(id), ...(reset === undefined ? [] : [`reset ${reset.payload.readUInt32BE(0)}`])].join(' ')
  }

  /** The code of the GOAWAY that has come last. */
  get goAway(): number | undefined {
    return this.frames.findLast(({ type }) => type === 'GOAWAY')?.payload.readUInt32BE(4)
  }

  async ended(id: number): Promise<string> {
    return await eventually(() => this.endOf(id))
  }

  #isWhole(payload: Buffer): boolean {
    return payload.byteOffset + payload.length <= this.#bytes.byteOffset + this.#bytes.length
  }
}

/** Connected, and greeted unless `bare`. */
export async function rawHttp2(t: Owner, port: number, { bare = false } = {}): Promise<RawHttp2> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const client = new RawHttp2(socket)
  if (!bare) client.send(PREFACE, settings(), frame('SETTINGS', 1, 0))
  return client
}

// A connection of raw bytes, with what has come over it.
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { eventually } from './eventually.ts'

interface Owner {
  teardown(run: () => unknown): void
}

export class RawClient {
  readonly socket: Socket
  /** The peer has ended its side. */
  ended = false
  closed = false
  error: NodeJS.ErrnoException | undefined
  readonly #bytes: Buffer[] = []

  constructor(t: Owner, socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#bytes.push(chunk))
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error
    })
    socket.on('close', () => {
      this.closed = true
    })
    t.teardown(() => socket.destroy())
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  /** Until this has come; everything so far. */
  async sees(expected: string | RegExp): Promise<string> {
    await eventually(() => (typeof expected === 'string' ? this.text.includes(expected) : expected.test(this.text))).catch(() => {
      throw new Error(`expected ${String(expected)}, got ${JSON.stringify(this.text)}${this.closed ? ' and the end' : ''}`)
    })
    return this.text
  }

  /** Until the peer has ended or closed; everything so far. */
  async seesEnd(): Promise<string> {
    await eventually(() => this.ended || this.closed)
    return this.text
  }

  async seesClose(): Promise<string> {
    await eventually(() => this.closed)
    return this.text
  }
}

/** Half-open as long as the test wants it. */
export function rawClient(t: Owner, to: number | NetConnectOpts): RawClient {
  const where = typeof to === 'number' ? { host: '127.0.0.1', port: to } : to
  return new RawClient(t, connect({ allowHalfOpen: true, noDelay: true, ...where } as NetConnectOpts))
}

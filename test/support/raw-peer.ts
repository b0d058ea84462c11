// Peers that speak bytes: a client that sends what it is told and keeps what comes, and an origin that does the same per connection.
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'
import { type Origin, tcpOrigin } from './origin.ts'

interface Owner {
  teardown(run: () => unknown): void
}

/** One end of a connection: everything that came, as latin-1 text. */
export class RawPeer {
  readonly socket: Socket
  received = ''
  /** The other end has ended its side. */
  ended = false
  closed = false
  /** It was cut rather than closed. */
  error: NodeJS.ErrnoException | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (this.received += text))
    socket.on('end', () => (this.ended = true))
    socket.on('error', (error: NodeJS.ErrnoException) => (this.error = error))
    socket.on('close', () => (this.closed = true))
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** What had come when it ended with, or contained, `what`. */
  async until(what: string | RegExp): Promise<string> {
    const there = (): boolean => (typeof what === 'string' ? this.received.includes(what) : what.test(this.received))
    await eventually(there).catch(() => {
      throw new Error(`${what} never came, only ${JSON.stringify(this.received.slice(0, 2000))}`)
    })
    return this.received
  }

  /** Resolves once the connection is gone or ended by the other side. */
  async gone(): Promise<string> {
    await eventually(() => this.ended || this.closed)
    return this.received
  }

  /** Forgets what came. */
  take(): string {
    const text = this.received
    this.received = ''
    return text
  }
}

export async function rawClient(
  t: Owner,
  port: number,
  options: { readonly allowHalfOpen?: boolean; readonly localAddress?: string } = {},
): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  const peer = new RawPeer(socket)
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return peer
}

export interface RawOrigin extends Origin {
  /** In the order in which they came. */
  readonly peers: readonly RawPeer[]
  /** The nth connection, once it is there. */
  peer(index: number): Promise<RawPeer>
}

/** `onPeer` may answer; without it the test does. */
export async function rawOrigin(t: Owner, onPeer: (peer: RawPeer) => void = () => {}): Promise<RawOrigin> {
  const peers: RawPeer[] = []
  const origin = await tcpOrigin(t, (socket) => {
    const peer = new RawPeer(socket)
    peers.push(peer)
    onPeer(peer)
  })
  return { ...origin, peers, peer: (index) => eventually(() => peers[index]) }
}

/** Answers each complete head that comes with `response`. */
export function answering(response: string): (peer: RawPeer) => void {
  return (peer) => {
    let answered = 0
    peer.socket.on('data', () => {
      const heads = peer.received.split('\r\n\r\n').length - 1
      for (; answered < heads; answered++) peer.send(response)
    })
  }
}

/** How many responses there are in what a client received, told by their status lines. */
export function statuses(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
}

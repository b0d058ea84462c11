// One connection that asks again as soon as it is answered, and knows how long each answer took: what holds the data path up shows there.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { HOST } from '../peers/peer.ts'
import { SMALL_BODY_BYTES } from './origin.ts'

/** A pause between answer and question: the proxy is not to be saturated. */
const PAUSE_MS = 1

export class Probe {
  readonly #socket: Socket
  readonly #request: string
  #text = ''
  #askedMs = 0
  #longestMs = 0
  /** Answers that were not a whole 200, and connections that were lost. */
  bad = 0

  private constructor(socket: Socket, path: string) {
    this.#socket = socket
    this.#request = `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#take(bytes.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => this.bad++)
    this.#ask()
  }

  static async start(port: number, path: string): Promise<Probe> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Probe(socket, path)
  }

  /** The longest wait since this was asked last. */
  longestMs(): number {
    const longest = Math.max(this.#longestMs, this.#text === '' ? 0 : performance.now() - this.#askedMs)
    this.#longestMs = 0
    return longest
  }

  stop(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #ask(): void {
    this.#askedMs = performance.now()
    this.#socket.write(this.#request)
  }

  #take(text: string): void {
    this.#text += text
    const head = this.#text.indexOf('\r\n\r\n')
    if (head < 0 || this.#text.length < head + 4 + SMALL_BODY_BYTES) return
    if (!this.#text.startsWith('HTTP/1.1 200 ') || this.#text.length > head + 4 + SMALL_BODY_BYTES) this.bad++
    this.#text = ''
    this.#longestMs = Math.max(this.#longestMs, performance.now() - this.#askedMs)
    setTimeout(() => this.#ask(), PAUSE_MS)
  }
}

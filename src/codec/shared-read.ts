// Reads sockets that came in, all of them into one piece of memory. Node gives each read of an accepted socket memory of its own, which
// costs more than the read and stays until the next collection; only a socket that connects can ask for better (`onread`). Here that is
// asked for on behalf of the others. Where Node has no such thing any more, they are read as usual.
// hot path: bench/macro
import { Socket } from 'node:net'
import { beginReading } from './flush.ts'

/** What one read takes at most. */
const READ_BYTES = 65_536
const memory = Buffer.allocUnsafeSlow(READ_BYTES)

/** Where Node keeps what `onread` says. */
interface Internals {
  [key: symbol]: unknown
  readonly _handle?: { useUserBuffer?: (memory: Uint8Array) => void } | null
}

const symbols = Object.getOwnPropertySymbols(new Socket())
const BUFFER = symbols.find(({ description }) => description === 'kBuffer')
const CALLBACK = symbols.find(({ description }) => description === 'kBufferCb')

/** `take` gets what comes; `lent`: only during the call. */
export function readShared(socket: Socket, take: (chunk: Buffer, lent: boolean) => void): void {
  const internals = socket as unknown as Internals
  const handle = internals._handle
  if (BUFFER === undefined || CALLBACK === undefined || typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (chunk: Buffer) => take(chunk, false))
    return
  }
  internals[BUFFER] = memory
  internals[CALLBACK] = (length: number): void => {
    beginReading()
    take(memory.subarray(0, length), true)
  }
  handle.useUserBuffer(memory)
}

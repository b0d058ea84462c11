// What the peer has said about itself in SETTINGS: RFC 9113 §6.5.2, RFC 8441 §3.
import { ConnectionError, FLOW_CONTROL_ERROR, PROTOCOL_ERROR } from './errors.ts'
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  LARGEST_FRAME_BYTES,
  LARGEST_WINDOW_BYTES,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
} from './frames.ts'

/** Assumed until the peer has spoken; RFC 9113 §6.5.2 recommends that no one allows less. */
export const ASSUMED_STREAMS = 100

export class PeerSettings {
  /** It has spoken. */
  settled = false
  tableBytes = 4096
  /** Within the last frame: an encoder has to go through it (RFC 7541 §4.2). */
  smallestTableBytes = 4096
  maxStreams = ASSUMED_STREAMS
  streamWindowBytes = DEFAULT_WINDOW_BYTES
  /** Takes extended CONNECT. */
  connectProtocol = false

  /** Takes the payload of one frame, in order; what is not known is ignored. */
  read(payload: Buffer): void {
    if (!this.settled) this.maxStreams = Infinity
    this.settled = true
    this.smallestTableBytes = this.tableBytes
    for (let at = 0; at < payload.length; at += 6) this.#apply(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))
  }

  #apply(id: number, value: number): void {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.tableBytes = value
        this.smallestTableBytes = Math.min(this.smallestTableBytes, value)
        break
      case ENABLE_PUSH:
        check(value <= 1, 'ENABLE_PUSH')
        break
      case MAX_CONCURRENT_STREAMS:
        this.maxStreams = value
        break
      case INITIAL_WINDOW_SIZE:
        if (value > LARGEST_WINDOW_BYTES) throw new ConnectionError(FLOW_CONTROL_ERROR, 'initial window too large')
        this.streamWindowBytes = value
        break
      case MAX_FRAME_SIZE:
        check(value >= DEFAULT_FRAME_BYTES && value <= LARGEST_FRAME_BYTES, 'MAX_FRAME_SIZE')
        break
      case ENABLE_CONNECT_PROTOCOL:
        check(value <= 1 && (value === 1 || !this.connectProtocol), 'ENABLE_CONNECT_PROTOCOL')
        this.connectProtocol = value === 1
        break
      default:
    }
  }
}

function check(fits: boolean, what: string): void {
  if (!fits) throw new ConnectionError(PROTOCOL_ERROR, `malformed ${what}`)
}

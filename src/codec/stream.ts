// What a codec offers an exchange and what it asks of it. One stream is one message exchange on one connection: HTTP/1.1 has one at a
// time, HTTP/2 many, TCP just one. Bodies are pushed: the source calls, the sink says how it went, and a full sink calls back.
import type { FailureCode } from '../core/failures.ts'
import type { Fields } from '../core/fields.ts'
import type { RequestHead, ResponseHead } from './message.ts'

/** The bytes are gone or copied: their memory may be used again at once. */
export const WRITTEN = 0
/** The bytes are still referred to; more may come. */
export const HELD = 1
/** The bytes are still referred to, and no more may come until the source is resumed. */
export const FULL = 2
export type WriteResult = typeof WRITTEN | typeof HELD | typeof FULL

/** The caller's side of an exchange, offered by a codec. After `end` or `abort` nothing may be called. */
export interface DownstreamStream {
  /** Sends a 1xx head other than 101. Ignored where the protocol has no room for it. */
  inform(head: ResponseHead): void
  /** Sends the head; `end`: no body follows. A 101 turns what follows into plain bytes both ways. */
  respond(head: ResponseHead, end: boolean): void
  write(chunk: Uint8Array): WriteResult
  end(trailers?: Fields): void
  /** Ends what was begun in a way that the caller can't take for a complete response. Silent: no callback follows. */
  abort(code: FailureCode): void
  /** More of the request body may come, after `onRequestData` said FULL. */
  resume(): void
}

/** The exchange as the downstream codec sees it. */
export interface DownstreamReceiver {
  onRequestData(chunk: Uint8Array): WriteResult
  onRequestEnd(trailers?: Fields): void
  /** The downstream takes bytes again, after `write` said FULL. */
  onResponseDrain(): void
  /**
   * The caller is gone, broke the protocol or stalled. After `downstream_gone` nothing may be called on the stream; else it may
   * still be answered when no response has begun, and must be answered or aborted.
   */
  onDownstreamFailure(code: FailureCode, detail: string): void
}

/** What a downstream connection tells whoever accepted it. One handler a connection: it knows who is at the other end. */
export interface DownstreamHandler {
  /** A request has begun; `end`: without a body. The stream may be answered at once. */
  onRequest(stream: DownstreamStream, head: RequestHead, end: boolean): DownstreamReceiver
  /** What came is no request. The handler answers on `stream` (respond, write, end) or aborts it; the codec then closes. */
  onRefused(stream: DownstreamStream, code: FailureCode, detail: string): void
  /** The connection is gone, after all of its exchanges have been told. */
  onClosed(): void
  /** A defect of the proxy: the connection is closed, the others live on. */
  onDefect(error: unknown): void
}

/** A connection from downstream as its listener sees it. */
export interface DownstreamConnection {
  /** Exchanges under way. */
  readonly active: number
  /** Tells the peer to go elsewhere as the protocol can: Connection: close with the next response, GOAWAY. */
  drain(): void
  /** Closes at once when no exchange is under way, else after the last one. */
  finish(): void
  /** Closes at once; exchanges under way fail with `code`. */
  destroy(code: FailureCode): void
}

/** The endpoint's side of an attempt, offered by a codec. After `end` of both directions or `abort` nothing may be called. */
export interface UpstreamStream {
  /** Sends the head; `end`: no body follows. */
  send(head: RequestHead, end: boolean): void
  write(chunk: Uint8Array): WriteResult
  end(trailers?: Fields): void
  /** Gives the exchange up: the endpoint is told where the protocol can. Silent: no callback follows. */
  abort(): void
  /** More of the response body may come, after `onResponseData` said FULL. */
  resume(): void
}

/** The attempt as the upstream codec sees it. */
export interface UpstreamReceiver {
  /** A 1xx head other than 101. */
  onInform(head: ResponseHead): void
  /** `end`: no body follows, and the response is complete. */
  onResponse(head: ResponseHead, end: boolean): void
  onResponseData(chunk: Uint8Array): WriteResult
  onResponseEnd(trailers?: Fields): void
  /** The upstream takes bytes again, after `write` said FULL. */
  onRequestDrain(): void
  /**
   * The response will not come or not come to its end. The row of `code` says whether the request may be sent again.
   * Nothing may be called on the stream afterwards.
   */
  onUpstreamFailure(code: FailureCode, detail: string): void
}

/** A connection to an endpoint as its pool sees it; HTTP/1.1 carries one exchange at a time, HTTP/2 many. */
export interface UpstreamConnection {
  /** How many exchanges may begin now. Its owner is told when it grows. */
  readonly capacity: number
  /** Exchanges under way. */
  readonly active: number
  /** Begins one; only while `capacity` > 0. */
  begin(receiver: UpstreamReceiver): UpstreamStream
  /** Takes no new exchange, finishes those under way, then closes. */
  drain(): void
  /** Closes at once; exchanges under way fail with `code`. */
  destroy(code: FailureCode): void
}

/** The pool as its connections see it. */
export interface UpstreamConnectionOwner {
  /** Connected and, where there is one, through its handshake. */
  onReady(connection: UpstreamConnection): void
  /** `capacity` has grown: an exchange has ended or the peer raised its limit. */
  onIdle(connection: UpstreamConnection): void
  /** Will never take an exchange again: closed, draining, or never came up (`code`). Called once. */
  onGone(connection: UpstreamConnection, code: FailureCode, detail: string): void
}

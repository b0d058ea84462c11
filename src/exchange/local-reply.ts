// Answers of the sidecar's own: the one place that turns a failure, or what a route answers itself, into a response. No internal
// addresses, no rule.
import { isGrpc } from '../codec/grpc.ts'
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { DownstreamStream } from '../codec/stream.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import { Fields } from '../core/fields.ts'
import type { OwnAnswer } from '../routing/own-answer.ts'
import { UNPROCESSED } from './retry-marks.ts'

export interface Reply {
  readonly head: ResponseHead
  readonly body: Buffer
  /** -1: the response is no gRPC. */
  readonly grpcStatus: number
}

const EMPTY = Buffer.alloc(0)
/** What gRPC calls an HTTP status (grpc/doc/http-grpc-status-mapping.md); anything else is 2, UNKNOWN. */
const GRPC_STATUS: Readonly<Record<number, number>> = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14 }
const UNKNOWN = 2

export function grpcStatusOf(httpStatus: number): number {
  return GRPC_STATUS[httpStatus] ?? UNKNOWN
}

/** To a request that failed; undefined: it could not be read. */
export function replyTo(code: FailureCode, request: RequestHead | undefined, requestId: string): Reply {
  const reply = failureReply(code, request, requestId)
  if (FAILURES[code].retry === 'always') reply.head.fields.push(UNPROCESSED, UNPROCESSED, '1')
  return reply
}

function failureReply(code: FailureCode, request: RequestHead | undefined, requestId: string): Reply {
  const { status, grpc, message } = FAILURES[code]
  if (request !== undefined && isGrpc(request)) return grpcReply(grpc, message)
  const body = Buffer.from(`${JSON.stringify({ error: code, message, request_id: requestId })}\n`, 'latin1')
  const fields = new Fields()
  fields.push('content-type', 'content-type', 'application/json')
  // RFC 6750 §3
  if (code === 'unauthenticated') fields.push('www-authenticate', 'www-authenticate', 'Bearer error="invalid_token"')
  return httpReply(status, fields, body)
}

/** What a route answers itself; undefined: there is no answer that could be sent. */
export function ownReply(answer: OwnAnswer, request: RequestHead): Reply | undefined {
  const { status, body } = answer
  const fields = answer.fieldsFor(request)
  if (fields === undefined) return undefined
  // a redirect is one for gRPC, too; it is just not followed
  if (isGrpc(request) && (status < 300 || status >= 400)) return grpcReply(grpcStatusOf(status), body.toString('utf8'))
  return httpReply(status, fields, body)
}

export function httpReply(status: number, fields: Fields, body: Buffer): Reply {
  const { length } = body
  if (status !== 204 && status !== 304) fields.push('content-length', 'content-length', String(length))
  return { head: { version: '1.1', status, reason: '', fields, bodyLength: length, upgrade: '' }, body, grpcStatus: -1 }
}

/** Trailers-only. */
export function grpcReply(status: number, message: string): Reply {
  const fields = new Fields()
  fields.push('content-type', 'content-type', 'application/grpc')
  fields.push('grpc-status', 'grpc-status', String(status))
  if (message !== '') fields.push('grpc-message', 'grpc-message', encodeMessage(message))
  return {
    head: { version: '1.1', status: 200, reason: '', fields, bodyLength: 0, upgrade: '' },
    body: EMPTY,
    grpcStatus: status,
  }
}

/** Sends the reply; returns the bytes of its body. */
export function sendReply(stream: DownstreamStream, { head, body }: Reply, request: RequestHead | undefined): number {
  const empty = body.length === 0 || request?.method === 'HEAD'
  stream.respond(head, empty)
  if (empty) return 0
  stream.write(body)
  stream.end()
  return body.length
}

/** As gRPC over HTTP/2 spells Status-Message: what is no printable ASCII, and '%', as escapes of UTF-8. */
function encodeMessage(text: string): string {
  return text.replace(/[^ -$&-~]+|%/gu, (part) =>
    [...Buffer.from(part, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

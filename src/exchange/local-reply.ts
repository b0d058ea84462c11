// Answers of the sidecar's own: the one place that turns a failure into a response. No internal addresses, no rule.

import { isGrpc } from '../codec/grpc.ts'
import type { RequestHead, ResponseHead } from '../codec/message.ts'
import type { DownstreamStream } from '../codec/stream.ts'
import { FAILURES, type FailureCode } from '../core/failures.ts'
import { Fields } from '../core/fields.ts'

/** Head of the reply; a gRPC caller gets a trailers-only response with status 200. */
function replyHead(code: FailureCode, grpc: boolean, bodyLength: number): ResponseHead {
  const failure = FAILURES[code]
  const fields = new Fields()
  if (grpc) {
    fields.push('content-type', 'content-type', 'application/grpc')
    fields.push('grpc-status', 'grpc-status', String(failure.grpc))
    fields.push('grpc-message', 'grpc-message', failure.message)
    return { version: '1.1', status: 200, reason: '', fields, bodyLength: 0, upgrade: '' }
  }
  fields.push('content-type', 'content-type', 'application/json')
  fields.push('content-length', 'content-length', String(bodyLength))
  return { version: '1.1', status: failure.status, reason: '', fields, bodyLength, upgrade: '' }
}

/** The reply to a request; undefined: it could not be read. */
export function replyTo(
  code: FailureCode,
  request: RequestHead | undefined,
  requestId: string,
): { head: ResponseHead; body: string } {
  const grpc = request !== undefined && isGrpc(request)
  const body = grpc ? '' : `${JSON.stringify({ error: code, message: FAILURES[code].message, request_id: requestId })}\n`
  return { head: replyHead(code, grpc, body.length), body }
}

/** Sends the reply; returns its head and the bytes of its body. */
export function sendReply(
  stream: DownstreamStream,
  code: FailureCode,
  request: RequestHead | undefined,
  requestId: string,
): { head: ResponseHead; bytes: number } {
  const { head, body } = replyTo(code, request, requestId)
  const empty = body === '' || request?.method === 'HEAD'
  stream.respond(head, empty)
  if (empty) return { head, bytes: 0 }
  stream.write(Buffer.from(body, 'latin1'))
  stream.end()
  return { head, bytes: body.length }
}

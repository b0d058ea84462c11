// Heads as the codec would read them from the wire, from what explain is asked.

import { HeadReader } from '../../codec/http1/head.ts'
import { requestText } from '../../codec/http1/write.ts'
import type { RequestHead, ResponseHead } from '../../codec/message.ts'
import type { Settings } from '../../config/schema/settings.ts'
import type { FailureCode } from '../../core/failures.ts'
import type { Fields } from '../../core/fields.ts'
import type { Pairs, Question } from './question.ts'

export interface Refused {
  readonly refused: FailureCode
  readonly detail: string
}

/** Would be read as another field or message. */
const LINE_END = /[\r\n\0]/
/** RFC 9113 §8.2.2: of the connection fields only TE: trailers may be there. */
const NOT_IN_HTTP2 = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

export function readRequest(question: Question, settings: Settings): RequestHead | Refused {
  const { protocol = 'http1', path = '/', destination } = question
  const http2 = protocol === 'http2' || protocol === 'grpc'
  const method = question.method ?? (protocol === 'grpc' ? 'POST' : 'GET')
  const fields = [...(question.headers ?? []), ...impliedFields(question)].map(
    ([name, value]) => [http2 ? name.toLowerCase() : name, value] as const,
  )
  const hostGiven = question.host === undefined && has(fields, 'host')
  const host = question.host ?? (destination?.address === undefined ? '' : authorityOf(destination.address, destination.port))
  const target = method === 'CONNECT' ? host : path
  const forbidden = http2
    ? fields.find(([name, value]) => NOT_IN_HTTP2.has(name) || (name === 'te' && value !== 'trailers'))
    : undefined
  if (forbidden !== undefined) return { refused: 'bad_request', detail: `${forbidden[0]} in HTTP/2` }
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...(hostGiven ? [] : [`Host: ${host}`]),
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ]
  const text = headText(lines)
  if (text === undefined) return { refused: 'bad_request', detail: 'a line end or NUL within the head' }
  if (text.length > settings.http.maxHeadBytes) return { refused: 'head_too_large', detail: 'too many bytes' }
  const reader = readerOf(settings)
  const head = reader.request(text)
  if (head === undefined) return { refused: reader.failure, detail: reader.detail }
  if (http2) head.version = '2'
  if (question.scheme !== undefined) head.scheme = question.scheme
  return head
}

export function readResponse({ response }: Question, request: RequestHead, settings: Settings): ResponseHead | undefined {
  const fields = response?.headers ?? []
  const text = headText([`HTTP/1.1 ${response?.status ?? 200} `, ...fields.map(([name, value]) => `${name}: ${value}`)])
  return text === undefined ? undefined : readerOf(settings).response(text, request.method)
}

/** The fields as the next hop gets them; the host is told apart. */
export function sentFields(head: RequestHead): Pairs {
  const lines = requestText(head).trimEnd().split('\r\n').slice(1)
  return lines
    .map((line) => line.split(/: (.*)/s, 2) as [string, string])
    .filter(([name]) => name.toLowerCase() !== 'host')
    .map(([name, value]) => [name, unicode(value)])
}

export function pairsOf(fields: Fields): Pairs {
  return [...fields].map(([name, value]) => [name, unicode(value)] as const)
}

export function authorityOf(address: string, port: number | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address
  return port === undefined ? host : `${host}:${port}`
}

/** What makes a request one of its protocol. */
function impliedFields({ protocol, headers = [] }: Question): Pairs {
  const implied: [string, string][] = []
  if (protocol === 'websocket') implied.push(['Connection', 'Upgrade'], ['Upgrade', 'websocket'])
  if (protocol === 'grpc') implied.push(['content-type', 'application/grpc'], ['te', 'trailers'])
  return implied.filter(([name]) => !has(headers, name))
}

function has(fields: Pairs, wanted: string): boolean {
  return fields.some(([name]) => name.toLowerCase() === wanted.toLowerCase())
}

function headText(lines: readonly string[]): string | undefined {
  if (lines.some((line) => LINE_END.test(line))) return undefined
  return Buffer.from(`${lines.join('\r\n')}\r\n`, 'utf8').toString('latin1')
}

function unicode(wire: string): string {
  return Buffer.from(wire, 'latin1').toString('utf8')
}

function readerOf({ http }: Settings): HeadReader {
  return new HeadReader({ maxFields: http.maxFields, upgrades: new Set(http.upgrades.map((token) => token.toLowerCase())) })
}

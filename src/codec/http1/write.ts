// Heads and framing as HTTP/1.1 text. Everything written here has been through a strict reader: values hold no line ends.
// hot path: bench/macro

import type { Fields } from '../../core/fields.ts'
import type { RequestHead, ResponseHead } from '../message.ts'
import { REASONS } from './reasons.ts'

export function requestText(head: RequestHead): string {
  const target = head.method === 'CONNECT' ? head.authority : head.path
  let text = `${head.method} ${target} HTTP/1.1\r\n`
  const { list } = head.fields
  let named = false
  for (let i = 0; i < list.length; i += 3) {
    if (list[i] === 'host') {
      text += `${list[i + 1]}: ${head.authority}\r\n`
      named = true
    } else text += `${list[i + 1]}: ${list[i + 2]}\r\n`
  }
  if (!named) text += `Host: ${head.authority}\r\n`
  if (head.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
  else if (head.acceptsTrailers) text += 'Connection: TE\r\nTE: trailers\r\n'
  return head.bodyLength < 0 ? `${text}Transfer-Encoding: chunked\r\n\r\n` : `${text}\r\n`
}

/** `connection`: value of the Connection field, '' for none. */
export function responseText(head: ResponseHead, chunked: boolean, connection: string): string {
  let text = `HTTP/1.1 ${head.status} ${head.reason === '' ? (REASONS[head.status] ?? '') : head.reason}\r\n${fieldsText(head.fields)}`
  if (chunked) text += 'Transfer-Encoding: chunked\r\n'
  if (head.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`
  else if (connection !== '') text += `Connection: ${connection}\r\n`
  return `${text}\r\n`
}

export function fieldsText(fields: Fields): string {
  let text = ''
  const { list } = fields
  for (let i = 0; i < list.length; i += 3) text += `${list[i + 1]}: ${list[i + 2]}\r\n`
  return text
}

export function chunkText(length: number): string {
  return `${length.toString(16)}\r\n`
}

export function lastChunkText(trailers: Fields | undefined): string {
  return trailers === undefined || trailers.size === 0 ? '0\r\n\r\n' : `0\r\n${fieldsText(trailers)}\r\n`
}

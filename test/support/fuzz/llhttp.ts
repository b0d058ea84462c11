// Bytes as the parser of node:http reads them, strict as it comes.
import { createRequire } from 'node:module'
import type { Reading, SeenRequest } from './reading.ts'

interface Parser {
  [callback: number]: (...args: never[]) => unknown
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void
  execute(bytes: Buffer): number | (Error & { code?: string })
  finish(): unknown
  close(): void
}

interface Common {
  readonly HTTPParser: { new (): Parser } & Readonly<Record<string, number>>
  readonly methods: readonly string[]
}

const { HTTPParser, methods: sorted } = createRequire(import.meta.url)('node:_http_common') as Common
const ON_HEADERS = HTTPParser['kOnHeaders'] as number
const ON_HEADERS_COMPLETE = HTTPParser['kOnHeadersComplete'] as number
const ON_BODY = HTTPParser['kOnBody'] as number
const ON_MESSAGE_COMPLETE = HTTPParser['kOnMessageComplete'] as number
const MAX_HEAD_BYTES = 65_536
const STRICT = 0
/** The binding names methods by number. */
export const METHODS: readonly string[] = (HTTPParser as unknown as { methods?: readonly string[] }).methods ?? sorted

export function readWithLlhttp(bytes: Buffer): Reading {
  const reading: Reading = { requests: [], problem: '' }
  let current: SeenRequest | undefined
  let early: string[] = []
  let earlyUrl = ''
  const parser = new HTTPParser()
  parser.initialize(HTTPParser['REQUEST'] as number, {}, MAX_HEAD_BYTES, STRICT)
  // many fields come in parts before the head is complete, and all of them behind a message with trailers; trailers come here too
  parser[ON_HEADERS] = (headers: string[], url: string): void => {
    if (current !== undefined) return
    early.push(...headers)
    earlyUrl += url
  }
  parser[ON_HEADERS_COMPLETE] = (
    major: number,
    minor: number,
    headers: string[] | undefined,
    method: number,
    url = '',
  ): number => {
    const list = [...early, ...(headers ?? [])]
    const target = earlyUrl + url
    early = []
    earlyUrl = ''
    const fields: SeenRequest['fields'] = []
    for (let i = 0; i < list.length; i += 2) fields.push([(list[i] as string).toLowerCase(), list[i + 1] as string])
    current = {
      method: METHODS[method] ?? String(method),
      target,
      version: `${major}.${minor}`,
      fields,
      body: '',
      complete: false,
    }
    reading.requests.push(current)
    return 0
  }
  parser[ON_BODY] = (chunk: Buffer): void => {
    if (current !== undefined) current.body += chunk.toString('latin1')
  }
  parser[ON_MESSAGE_COMPLETE] = (): void => {
    if (current !== undefined) current.complete = true
    current = undefined
    early = []
  }
  const result = parser.execute(bytes)
  if (typeof result !== 'number') reading.problem = result.code ?? result.message
  else if (result < bytes.length) reading.problem = 'switched'
  parser.close()
  return reading
}

// Envoy's envoy.service.auth.v3: the question and the answer of external authorization by gRPC.
import type { PolicyInput } from '../input.ts'
import type { CustomAnswer, FieldWish } from './answer.ts'
import { ProtoWriter, readProto } from './protobuf.ts'

export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check'
const PREFIX = 5
const FORBIDDEN = 403

export interface CheckFacts {
  readonly requestId: string
  readonly sourcePort: number
}

/** CheckRequest, framed as one gRPC message. */
export function checkMessage(input: PolicyInput, facts: CheckFacts): Buffer {
  const message = new ProtoWriter()
    .message(1, (attributes) => {
      attributes.message(1, (peer) => writePeer(peer, input.sourceIp, facts.sourcePort, input.identity?.principal))
      attributes.message(2, (peer) => writePeer(peer, input.destinationIp, input.destinationPort, undefined))
      attributes.message(4, (request) => request.message(2, (http) => writeHttp(http, input, facts)))
      if (input.serverName !== '') attributes.message(12, (tls) => tls.text(1, input.serverName))
    })
    .end()
  const head = Buffer.alloc(PREFIX)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** From the body of the response to it. Throws on what is no CheckResponse. */
export function readCheckResponse(body: Buffer): CustomAnswer {
  if (body.length < PREFIX || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX)
    throw new Error('not one plain gRPC message')
  const fields = readProto(body.subarray(PREFIX))
  const status = fields.filter(({ field }) => field === 1).at(-1)
  const code = status === undefined ? 0 : (readProto(status.bytes).find(({ field }) => field === 1)?.number ?? 0)
  const of = (wanted: number): Buffer => fields.filter(({ field }) => field === wanted).at(-1)?.bytes ?? Buffer.alloc(0)
  return code === 0 ? readAllowed(of(3)) : readDenied(of(2))
}

function writePeer(peer: ProtoWriter, ip: string, port: number, principal: string | undefined): void {
  if (ip !== '') peer.message(1, (address) => address.message(1, (socket) => socket.text(2, ip).number(3, port)))
  if (principal !== undefined) peer.text(4, `spiffe://${principal}`)
}

function writeHttp(http: ProtoWriter, input: PolicyInput, { requestId }: CheckFacts): void {
  const { head } = input
  if (head === undefined) return
  const { list } = head.fields
  const merged = new Map<string, string>([
    [':authority', head.authority],
    [':method', head.method],
    [':path', head.path],
    [':scheme', head.scheme],
  ])
  for (let i = 0; i < list.length; i += 3) {
    const name = list[i] as string
    if (name === 'host') continue
    const before = merged.get(name)
    merged.set(name, before === undefined ? (list[i + 2] as string) : `${before},${list[i + 2]}`)
  }
  http.text(1, requestId).text(2, head.method)
  for (const [name, value] of merged)
    http.message(3, (entry) => entry.text(1, name).text(2, Buffer.from(value, 'latin1').toString('utf8')))
  http.text(4, head.path).text(5, head.authority).text(6, head.scheme)
  http.number(9, Math.max(0, head.bodyLength)).text(10, head.version === '2' ? 'HTTP/2' : `HTTP/${head.version}`)
}

function readAllowed(message: Buffer): CustomAnswer {
  const fields = readProto(message)
  return {
    kind: 'allowed',
    set: fields.filter(({ field }) => field === 2).map(({ bytes }) => readOption(bytes)),
    remove: fields.filter(({ field }) => field === 5).map(({ bytes }) => bytes.toString('utf8').toLowerCase()),
    respond: fields.filter(({ field }) => field === 6).map(({ bytes }) => readOption(bytes)),
  }
}

function readDenied(message: Buffer): CustomAnswer {
  const fields = readProto(message)
  const status = fields.find(({ field }) => field === 1)
  const code = status === undefined ? 0 : (readProto(status.bytes).find(({ field }) => field === 1)?.number ?? 0)
  return {
    kind: 'denied',
    status: code >= 100 && code <= 599 ? code : FORBIDDEN,
    fields: fields.filter(({ field }) => field === 2).map(({ bytes }) => readOption(bytes)),
    body: fields.find(({ field }) => field === 3)?.bytes ?? Buffer.alloc(0),
  }
}

/** HeaderValueOption: `append` is a BoolValue. */
function readOption(message: Buffer): FieldWish {
  const fields = readProto(message)
  const header = readProto(fields.find(({ field }) => field === 1)?.bytes ?? Buffer.alloc(0))
  const text = (wanted: number): string | undefined => header.find(({ field }) => field === wanted)?.bytes.toString('latin1')
  const append = fields.find(({ field }) => field === 2)
  return {
    name: text(1) ?? '',
    value: text(2) ?? text(3) ?? '',
    append: append !== undefined && readProto(append.bytes).some(({ field, number }) => field === 1 && number === 1),
  }
}

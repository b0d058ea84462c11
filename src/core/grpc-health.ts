// The two messages of grpc.health.v1.Health/Check, in Protocol Buffers by hand: HealthCheckRequest { string service = 1 } and
// HealthCheckResponse { ServingStatus status = 1 }.

const PREFIX_BYTES = 5
const SERVING = 1
/** Field 1, length-delimited, and field 1, varint. */
const SERVICE_KEY = 0x0a
const STATUS_KEY = 0x08

/** A message, with gRPC's prefix. `service`: '': the server as a whole. */
export function serviceRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const message = service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([SERVICE_KEY]), varint(name.length), name])
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** What a response says; compressed ones are not understood, and are not asked for. */
export function isServing(body: Buffer): boolean {
  if (body.length < PREFIX_BYTES || body[0] !== 0) return false
  const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + body.readUInt32BE(1))
  return message.length >= 2 && message[0] === STATUS_KEY && message[1] === SERVING
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

// What heads cost on their way in and out. node bench/micro/codec/http2/heads.ts
import { writeRequest, writeResponse } from '../../../../src/codec/http2/head-writer.ts'
import { Decoder } from '../../../../src/codec/http2/hpack/decoder.ts'
import { Encoder } from '../../../../src/codec/http2/hpack/encoder.ts'
import { RequestReader } from '../../../../src/codec/http2/request-reader.ts'
import { ResponseReader } from '../../../../src/codec/http2/response-reader.ts'
import type { RequestHead, ResponseHead } from '../../../../src/codec/message.ts'
import { Fields } from '../../../../src/core/fields.ts'
import { requestHead } from '../../../../test/support/h2-ends.ts'
import { LIMITS, responseHead } from '../../../../test/support/http2.ts'
import { micro } from '../../../lib/micro.ts'

const room = new Uint8Array(16_384)
const request = requestHead({
  path: '/api/v1/users/12345',
  fields: Fields.of(
    ['User-Agent', 'curl/7.88.1'],
    ['Accept', '*/*'],
    ['Cookie', 'session=0123456789abcdef'],
    ['X-Forwarded-For', '10.0.0.1'],
  ),
})
const response = responseHead(200, 1024, ['content-type', 'application/json'], ['content-length', '1024'], ['server', 'nginx'])

/** A block of a connection whose tables hold what can be held. */
function settled(write: (encoder: Encoder) => void): { decoder: Decoder; bytes: Buffer; encoder: Encoder } {
  const [encoder, decoder] = [new Encoder(4096), new Decoder()]
  let bytes = Buffer.alloc(0)
  for (let i = 0; i < 5; i++) {
    encoder.begin(room, 0, room.length)
    write(encoder)
    bytes = Buffer.from(room.subarray(0, encoder.at))
    decoder.decode(bytes, 0, bytes.length, { onField() {} })
  }
  return { decoder, bytes, encoder }
}

const requests = settled((encoder) => writeRequest(encoder, request))
const responses = settled((encoder) => writeResponse(encoder, response, false))
const requestReader = new RequestReader(LIMITS, 'http')
const responseReader = new ResponseReader(LIMITS)

micro('request, read', (): RequestHead | undefined => {
  requestReader.begin()
  requests.decoder.decode(requests.bytes, 0, requests.bytes.length, requestReader)
  return requestReader.read(true)
})
micro('request, written', () => {
  requests.encoder.begin(room, 0, room.length)
  writeRequest(requests.encoder, request)
})
micro('response, read', (): ResponseHead | undefined => {
  responseReader.begin()
  responses.decoder.decode(responses.bytes, 0, responses.bytes.length, responseReader)
  return responseReader.read(request, false)
})
micro('response, written', () => {
  responses.encoder.begin(room, 0, room.length)
  writeResponse(responses.encoder, response, false)
})

// What reading a head costs, from the bytes. node bench/micro/codec/http1/head.ts
import { HeadReader } from '../../../../src/codec/http1/head.ts'
import { headText } from '../../../../src/codec/http1/inlet.ts'
import { micro } from '../../../lib/micro.ts'

const reader = new HeadReader({ maxFields: 100, upgrades: new Set(['websocket']) })

const small = request(['Host: catalog.shop'])
const browser = request([
  'Host: catalog.shop',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Connection: keep-alive',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'Cache-Control: max-age=0',
  'X-Request-Id: 84961386-6d84-929d-98bd-c5aee93b5c88',
])
const response = Buffer.from(
  'HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n',
)

micro('request, 1 field', () => reader.request(headText(small, 0, small.length)))
micro('request, 9 fields of a browser', () => reader.request(headText(browser, 0, browser.length)))
micro('response, 5 fields', () => reader.response(headText(response, 0, response.length), 'GET'))

/** Up to the CRLF of the last line, as the reader wants it. */
function request(lines: readonly string[]): Buffer {
  return Buffer.from(`GET /items?page=1 HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}`)
}

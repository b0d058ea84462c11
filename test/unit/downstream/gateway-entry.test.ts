import t from 'tap'
import { GatewayEntry } from '../../../src/downstream/gateway-entry.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Folder } from '../../support/folder.ts'
import { RecordingLog } from '../../support/recording-log.ts'
import { selfSigned } from '../../support/self-signed.ts'

type Listeners = ConstructorParameters<typeof GatewayEntry>[0]

const entryOf = (listeners: Listeners) => new GatewayEntry(listeners, new FakeClock(), new RecordingLog())

/** A ClientHello of TLS 1.2 that asks for a name. */
function hello(name: string | undefined): Buffer {
  const block = (size: 1 | 2 | 3, content: Buffer): Buffer => {
    const head = Buffer.alloc(size)
    head.writeUIntBE(content.length, 0, size)
    return Buffer.concat([head, content])
  }
  const asked = name === undefined ? Buffer.alloc(0) : block(2, Buffer.concat([Buffer.from([0]), block(2, Buffer.from(name))]))
  const extensions = name === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0, 0]), block(2, asked)])
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    block(1, Buffer.alloc(0)),
    block(2, Buffer.from([0xc0, 0x2b])),
    block(1, Buffer.from([0])),
    block(2, extensions),
  ])
  const message = Buffer.concat([Buffer.from([1]), block(3, body)])
  return Buffer.concat([Buffer.from([22, 3, 1]), block(2, message)])
}

const terminating = (host: string | undefined, ...names: readonly string[]): Listeners[number] => ({
  name: host ?? 'any',
  port: 443,
  protocol: 'https',
  ...(host === undefined ? {} : { host }),
  tls: { certificates: names.map((name) => selfSigned(name)) },
})

t.test('the most specific listener of a server name says what is done', async (t) => {
  const entry = entryOf([
    terminating('a.example', 'a.example'),
    { name: 'pass', port: 443, protocol: 'tls', host: '*.example' },
    { name: 'end', port: 443, protocol: 'tls', host: 'end.example', tls: { certificates: [selfSigned('end.example')] } },
  ])
  t.match(entry.choose(hello('a.example')), { kind: 'terminate', protocol: 'http' })
  t.match(entry.choose(hello('A.EXAMPLE')), { kind: 'terminate', protocol: 'http' })
  t.match(entry.choose(hello('end.example')), { kind: 'terminate', protocol: 'tcp' })
  t.same(entry.choose(hello('x.y.example')), { kind: 'pass', serverName: 'x.y.example' })
  t.match(entry.choose(hello('other.test')), { kind: 'refuse' })
  t.match(entry.choose(hello(undefined)), { kind: 'refuse' })
  t.equal(entry.isTls, true)
})

t.test('who asks for no name gets the listener for any', async (t) => {
  t.match(entryOf([terminating(undefined, 'a.example')]).choose(hello(undefined)), { kind: 'terminate' })
})

t.test('half a ClientHello is waited for, anything else is refused', async (t) => {
  const entry = entryOf([terminating(undefined, 'a.example')])
  const whole = hello('a.example')
  for (let length = 1; length < whole.length; length++) t.equal(entry.choose(whole.subarray(0, length)).kind, 'need-more')
  t.match(entry.choose(Buffer.from('GET / HTTP/1.1\r\n')), { kind: 'refuse', why: 'no TLS' })
})

t.test('of several certificates the one of the name is shown, else the first; none is shown where there is none', async (t) => {
  const entry = entryOf([terminating(undefined, 'a.example', 'b.example'), terminating('bare.example')])
  const contextFor = (name: string) => {
    const choice = entry.choose(hello(name))
    return choice.kind === 'terminate' ? choice.context : undefined
  }
  t.not(contextFor('b.example'), contextFor('a.example'))
  t.equal(contextFor('c.example'), contextFor('a.example'))
  t.match(entry.choose(hello('bare.example')), { kind: 'refuse', why: /no certificate/ })
})

t.test('certificates may be files, and what cannot be used is told without a word of the key', async (t) => {
  const folder = new Folder(t)
  const { certificate, key } = selfSigned('a.example')
  folder.write('cert.pem', certificate)
  folder.write('key.pem', key)
  const files = { certificate: folder.join('cert.pem'), key: folder.join('key.pem') }
  const listener = (one: { certificate: string; key: string }): Listeners[number] => ({
    name: 'any',
    port: 443,
    protocol: 'https',
    tls: { certificates: [one] },
  })
  t.match(entryOf([listener(files)]).choose(hello('a.example')), { kind: 'terminate' })
  t.throws(() => entryOf([listener({ ...files, key: folder.join('none.pem') })]), /cannot read the key/)
  const wrong = selfSigned('b.example').key
  t.throws(() => entryOf([listener({ certificate, key: wrong })]), {
    message: 'a certificate of a gateway and its key can not be used together',
  })
})

t.test('a port that is not there yet, and one of plain HTTP or bytes, has no TLS', async (t) => {
  t.match(entryOf([]), { protocol: 'http', isTls: false })
  t.match(entryOf([{ name: 'a', port: 80, protocol: 'http' }]), { protocol: 'http', isTls: false })
  t.match(entryOf([{ name: 'a', port: 80, protocol: 'tcp' }]), { protocol: 'tcp', isTls: false })
})

import * as fc from 'fast-check'
import t from 'tap'
import { type ProxyEnds, readProxyHead, writeProxyHead } from '../../../src/core/proxy-protocol.ts'

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port }) as const
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A version 2 head with this command, family and content. */
function v2(command: number, family: number, content: Buffer, length = content.length): Buffer {
  return Buffer.concat([latin1(SIGNATURE), Buffer.from([command, family, length >> 8, length & 255]), content])
}

const IPV4_BLOCK = Buffer.from([10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0, 80])
const IPV4_ENDS: ProxyEnds = { source: tcp('10.0.0.1', 12345), destination: tcp('10.0.0.2', 80) }
const IPV6_BLOCK = Buffer.concat([
  Buffer.alloc(15),
  Buffer.from([1]),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from([0, 1, 1, 187]),
])
const IPV6_ENDS: ProxyEnds = { source: tcp('::1', 1), destination: tcp('2001:db8::2', 443) }
const TLV = Buffer.from([0x04, 0, 3, 0, 0, 0])

const READS: { name: string; head: Buffer; ends: ProxyEnds | undefined }[] = [
  { name: 'v1 over IPv4', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\n'), ends: IPV4_ENDS },
  { name: 'v1 over IPv6', head: latin1('PROXY TCP6 ::1 2001:db8::2 1 443\r\n'), ends: IPV6_ENDS },
  {
    name: 'v1, IPv4 within IPv6 is IPv4',
    head: latin1('PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 12345 80\r\n'),
    ends: IPV4_ENDS,
  },
  { name: 'v1 unknown', head: latin1('PROXY UNKNOWN\r\n'), ends: undefined },
  {
    name: 'v1 unknown, with what is to be ignored',
    head: latin1('PROXY UNKNOWN ffff:f...f ffff:f...f 65535 65535\r\n'),
    ends: undefined,
  },
  {
    name: 'v1 of the greatest length',
    head: latin1(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`),
    ends: undefined,
  },
  { name: 'v2 over IPv4', head: v2(0x21, 0x11, IPV4_BLOCK), ends: IPV4_ENDS },
  { name: 'v2 over IPv6', head: v2(0x21, 0x21, IPV6_BLOCK), ends: IPV6_ENDS },
  { name: 'v2 with TLVs', head: v2(0x21, 0x11, Buffer.concat([IPV4_BLOCK, TLV, TLV])), ends: IPV4_ENDS },
  { name: 'v2 local', head: v2(0x20, 0x00, Buffer.alloc(0)), ends: undefined },
  { name: 'v2 local with any content', head: v2(0x20, 0xff, Buffer.from('whatever')), ends: undefined },
  { name: 'v2 of no address family', head: v2(0x21, 0x00, Buffer.from('ignored')), ends: undefined },
  { name: 'v2 of datagrams', head: v2(0x21, 0x12, IPV4_BLOCK), ends: undefined },
  {
    name: 'v2 over Unix sockets',
    head: v2(0x21, 0x31, Buffer.concat([Buffer.from('/run/a'.padEnd(108, '\0')), Buffer.from('\0abstract'.padEnd(108, '\0'))])),
    ends: { source: { kind: 'unix', path: '/run/a' }, destination: { kind: 'unix', path: '@abstract' } },
  },
]

for (const { name, head, ends } of READS) {
  t.test(`reads ${name}, whatever follows and however it arrives`, async (t) => {
    t.same(readProxyHead(head), { kind: 'done', bytes: head.length, ends })
    t.same(readProxyHead(Buffer.concat([head, Buffer.from('GET / HTTP/1.1\r\n')])), { kind: 'done', bytes: head.length, ends })
    for (let length = 0; length < head.length; length++) t.equal(readProxyHead(head.subarray(0, length)).kind, 'need-more')
  })
}

const MALFORMED: { name: string; head: Buffer }[] = [
  { name: 'v1 longer than 107 bytes', head: latin1(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`) },
  { name: 'v1 without an end', head: latin1(`PROXY TCP4 ${'1'.repeat(200)}`) },
  { name: 'v1 ended by LF alone', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\n') },
  { name: 'v1 ended by CR alone', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\rG') },
  { name: 'v1 of another family', head: latin1('PROXY UDP4 10.0.0.1 10.0.0.2 12345 80\r\n') },
  { name: 'v1 of a family in lower case', head: latin1('PROXY tcp4 10.0.0.1 10.0.0.2 12345 80\r\n') },
  { name: 'v1 with IPv6 called IPv4', head: latin1('PROXY TCP4 ::1 ::1 12345 80\r\n') },
  { name: 'v1 with IPv4 called IPv6', head: latin1('PROXY TCP6 10.0.0.1 10.0.0.2 12345 80\r\n') },
  { name: 'v1 with a zone', head: latin1('PROXY TCP6 fe80::1%eth0 ::1 12345 80\r\n') },
  { name: 'v1 with octal-looking numbers', head: latin1('PROXY TCP4 010.0.0.1 10.0.0.2 12345 80\r\n') },
  { name: 'v1 with a port that begins with 0', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 012345 80\r\n') },
  { name: 'v1 with a port above 65535', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 65536 80\r\n') },
  { name: 'v1 with two spaces', head: latin1('PROXY TCP4  10.0.0.1 10.0.0.2 12345 80\r\n') },
  { name: 'v1 with a space at the end', head: latin1('PROXY TCP4 10.0.0.1 10.0.0.2 12345 80 \r\n') },
  { name: 'v1 that says nothing', head: latin1('PROXY \r\n') },
  { name: 'v1 with a word that begins as UNKNOWN', head: latin1('PROXY UNKNOWNS\r\n') },
  { name: 'v2 of version 1', head: v2(0x11, 0x11, IPV4_BLOCK) },
  { name: 'v2 of version 1, before its length has come', head: v2(0x11, 0x11, IPV4_BLOCK).subarray(0, 13) },
  { name: 'v2 of an unknown command', head: v2(0x22, 0x11, IPV4_BLOCK) },
  { name: 'v2 of an unknown family', head: v2(0x21, 0x41, IPV4_BLOCK) },
  { name: 'v2 of an unknown transport', head: v2(0x21, 0x13, IPV4_BLOCK) },
  { name: 'v2 of a family without transport', head: v2(0x21, 0x10, IPV4_BLOCK) },
  { name: 'v2 shorter than its addresses', head: v2(0x21, 0x21, IPV4_BLOCK) },
  { name: 'v2 longer than 16 KiB', head: v2(0x21, 0x11, IPV4_BLOCK, 16_384) },
  {
    name: 'v2 with a TLV that reaches beyond its end',
    head: v2(0x21, 0x11, Buffer.concat([IPV4_BLOCK, Buffer.from([4, 0, 1])])),
  },
  { name: 'v2 with half a TLV', head: v2(0x21, 0x11, Buffer.concat([IPV4_BLOCK, TLV.subarray(0, 2)])) },
]

for (const { name, head } of MALFORMED) {
  t.test(`refuses ${name}`, async (t) => {
    t.equal(readProxyHead(head).kind, 'malformed')
  })
}

t.test('knows at the first byte that differs that there is no head', async (t) => {
  for (const text of ['G', 'PRX', 'PROXYTCP4', '\r\n\r\nX', '\x16\x03\x01']) t.equal(readProxyHead(latin1(text)).kind, 'absent')
})

const WRITES: { name: string; ends: ProxyEnds | undefined; v1: string; family: number }[] = [
  { name: 'IPv4', ends: IPV4_ENDS, v1: 'PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\n', family: 0x11 },
  { name: 'IPv6', ends: IPV6_ENDS, v1: 'PROXY TCP6 ::1 2001:db8::2 1 443\r\n', family: 0x21 },
  {
    name: 'IPv4 to IPv6',
    ends: { source: tcp('10.0.0.1', 1), destination: tcp('::1', 2) },
    v1: 'PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n',
    family: 0x21,
  },
  {
    name: 'IPv4 as a dual-stack socket shows it',
    ends: { source: tcp('::ffff:10.0.0.1', 1), destination: tcp('::ffff:10.0.0.2', 2) },
    v1: 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n',
    family: 0x11,
  },
  {
    name: 'link-local IPv6, whose zone means nothing elsewhere',
    ends: { source: tcp('fe80::1%eth0', 1), destination: tcp('fe80::2%eth0', 2) },
    v1: 'PROXY TCP6 fe80::1 fe80::2 1 2\r\n',
    family: 0x21,
  },
  {
    name: 'a caller on a Unix socket to an IP',
    ends: { source: { kind: 'unix', path: '/a' }, destination: tcp('::1', 2) },
    v1: 'PROXY UNKNOWN\r\n',
    family: 0x00,
  },
  { name: 'nothing', ends: undefined, v1: 'PROXY UNKNOWN\r\n', family: 0x00 },
]

for (const { name, ends, v1, family } of WRITES) {
  t.test(`writes ${name}`, async (t) => {
    t.equal(writeProxyHead(1, ends).toString('latin1'), v1)
    const head = writeProxyHead(2, ends)
    t.equal(head[13], family)
    t.equal(head[12], ends === undefined ? 0x20 : 0x21)
    t.equal(readProxyHead(head).kind, 'done')
  })
}

t.test('what is written is read back the same', async () => {
  const address = fc.record({
    kind: fc.constant('tcp' as const),
    host: fc.oneof(fc.ipV4(), fc.constantFrom('::1', '2001:db8::1')),
    port: fc.nat(65_535),
  })
  const unix = fc.record({ kind: fc.constant('unix' as const), path: fc.stringMatching(/^[@/][a-z/.]{1,107}$/) })
  const tcpEnds = fc.record({ source: address, destination: address })
  const anyEnds = fc.oneof(tcpEnds, fc.record({ source: unix, destination: unix }))
  fc.assert(
    fc.property(tcpEnds, (ends) => t.match(readProxyHead(writeProxyHead(1, ends)), { kind: 'done', ends })),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(anyEnds, (ends) => t.match(readProxyHead(writeProxyHead(2, ends)), { kind: 'done', ends })),
    { numRuns: 200 },
  )
})

t.test('no input makes it throw, claim bytes that are not there, or change its mind', async () => {
  const start = fc
    .constantFrom('', 'PROXY ', 'PROXY TCP4 1.2.3.4 ', `${SIGNATURE}\x21\x11\0`, `${SIGNATURE}\x20`, SIGNATURE)
    .map(latin1)
  const input = fc.tuple(start, fc.uint8Array({ maxLength: 300 })).map((parts) => Buffer.concat(parts))
  const mutant = fc.tuple(fc.constantFrom(...READS), fc.nat(), fc.nat(255)).map(([{ head }, at, byte]) => {
    const copy = Buffer.from(head)
    copy[at % copy.length] = byte
    return copy
  })
  fc.assert(
    fc.property(fc.oneof(input, mutant), fc.nat(300), (bytes, cut) => {
      const whole = readProxyHead(bytes)
      const part = readProxyHead(bytes.subarray(0, cut))
      if (whole.kind === 'done' && whole.bytes > bytes.length) return false
      if (part.kind === 'need-more') return true
      return part.kind === whole.kind && (part.kind !== 'done' || (whole.kind === 'done' && part.bytes === whole.bytes))
    }),
    { numRuns: 20_000 },
  )
})

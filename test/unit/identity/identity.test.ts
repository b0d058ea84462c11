// The identity of a sidecar through changes of its files. Real files and certificates; the clock stands still until told to go on.
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { identityFiles } from '../../../src/config/identity-files.ts'
import { identity as identitySchema } from '../../../src/config/schema/identity.ts'
import { Identity } from '../../../src/identity/identity.ts'
import type { Refused, Verified } from '../../../src/identity/trust.ts'
import { TestAuthority } from '../../support/certificates.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { RecordingLog } from '../../support/recording-log.ts'

const HOUR = 3_600_000
const START = new FakeClock().wallMs()

function open(t: Test, folder: string, settings: { federated?: Record<string, string>; crl?: string } = {}) {
  const clock = new FakeClock()
  const log = new RecordingLog()
  const told: string[] = []
  const files = identityFiles(identitySchema.parse({ folder, ...settings }))
  if (files === undefined) throw new Error('no files')
  const identity = new Identity({
    files,
    domains: { own: 'cluster.local', aliases: ['old.local'] },
    clock,
    log,
    reloaded: (result) => told.push(result),
    closed: (why, count) => told.push(`${why} ${count}`),
  })
  t.teardown(() => identity.close())
  return { identity, clock, log, told }
}

interface HeldOne {
  closed: Refused | undefined
  renewed: number
  release: () => void
}

function hold(identity: Identity, pem: string): HeldOne {
  const leaf = new X509Certificate(pem)
  const result: HeldOne = { closed: undefined, renewed: 0, release: () => {} }
  const verdict = identity.verify(leaf)
  if (verdict.kind === 'refused') throw new Error(verdict.detail)
  result.release = identity.hold(leaf, verdict, {
    close: (refused) => (result.closed = refused),
    renew: () => result.renewed++,
  })
  return result
}

t.test('is what its certificate says, and believes its own trust domain by every name', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const { identity } = open(t, ours.workload('shop', 'cart'))
  t.equal(identity.material.own.uri, 'spiffe://cluster.local/ns/shop/sa/cart')
  const renamed = ours.issue('', '', { uris: ['spiffe://old.local/ns/a/sa/b'] })
  t.match(identity.verify(new X509Certificate(renamed.cert)), { kind: 'verified' } satisfies Partial<Verified>)
})

t.test('does not start with files that do not make an identity, and says which', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const [a, b] = [ours.issue('a', 'b'), ours.issue('a', 'b')]
  const wrong: [string, RegExp, Record<string, string>][] = [
    ['a missing folder', /cannot read .*tls\.crt: no such file or directory/, {}],
    ['the key of another', /the key .*tls\.key is not that of the certificate/, { ...a, key: b.key }],
    ['no key at all', /tls\.key holds no private key/, { ...a, key: 'none' }],
    ['no certificate', /tls\.crt holds no certificate/, { ...a, cert: '' }],
    ['an empty bundle', /ca\.crt holds no certificate/, { ...a, ca: '\n' }],
    [
      'two identities',
      /2 URIs/,
      ours.issue('', '', { uris: ['spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa/c'] }),
    ],
    [
      'another trust domain',
      /is for the trust domain other\.local/,
      ours.issue('', '', { uris: ['spiffe://other.local/ns/a/sa/b'] }),
    ],
  ]
  for (const [name, message, files] of wrong) {
    const folder = files['cert'] === undefined ? '/nowhere' : ours.folderOf(files as { cert: string; key: string; ca: string })
    t.throws(() => open(t, folder), message, name)
  }
})

t.test('takes a change of all files at once', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const folder = ours.workload('shop', 'cart')
  const { identity, told } = open(t, folder)
  const before = identity.material
  ours.authority.issueInto(folder, before.own.uri, { lifeMs: HOUR, nowMs: START })
  identity.look()
  t.not(identity.material.leaf.serialNumber, before.leaf.serialNumber)
  t.not(identity.material.context, before.context)
  t.same(told, ['success'])
  identity.look()
  t.same(told, ['success'], 'the same files are no change')
})

t.test('keeps the former identity while certificate and key do not fit, and tells it once when that lasts', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const first = ours.issue('a', 'b')
  const folder = ours.folderOf(first)
  const { identity, told, clock, log } = open(t, folder)
  const second = ours.issue('a', 'b')
  writeFileSync(join(folder, 'tls.crt'), second.cert)
  identity.look()
  t.same(told, [], 'the key may be on its way')
  clock.advance(500)
  t.same(told, ['failure'])
  identity.look()
  t.same(told, ['failure'])
  t.equal(identity.material.cert.toString(), first.cert)
  t.equal(log.messages('error').length, 1)
  t.notMatch(JSON.stringify(log.lines), /PRIVATE/)
  writeFileSync(join(folder, 'tls.key'), second.key)
  identity.look()
  t.same(told, ['failure', 'success'])
})

t.test('closes what stands on a certificate when that ends, not earlier', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const { identity, clock, told } = open(t, ours.workload('shop', 'cart'))
  const short = hold(identity, ours.issue('a', 'b', { notAfterMs: START + 60_000 }).cert)
  const shorter = hold(identity, ours.issue('a', 'c', { notAfterMs: START + 30_000 }).cert)
  const gone = hold(identity, ours.issue('a', 'd', { notAfterMs: START + 10_000 }).cert)
  gone.release()
  clock.advance(29_000)
  t.equal(shorter.closed, undefined)
  clock.advance(1001)
  t.equal(shorter.closed?.why, 'expired')
  t.equal(short.closed, undefined)
  clock.advance(30_000)
  t.equal(short.closed?.why, 'expired')
  t.equal(gone.closed, undefined)
  t.same(told, ['expired 1', 'expired 1'])
  t.equal(identity.held, 0)
})

t.test('closes what stands on a revoked certificate and leaves the rest alone', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const folder = ours.workload('shop', 'cart')
  const { identity, told } = open(t, folder, { crl: join(folder, 'crl.pem') })
  const [bad, good] = [ours.issue('a', 'b'), ours.issue('a', 'b')]
  const [badHeld, goodHeld] = [hold(identity, bad.cert), hold(identity, good.cert)]
  ours.authority.revoke(bad.cert, START).issueInto(folder, identity.material.own.uri, { lifeMs: HOUR, nowMs: START })
  identity.look()
  t.equal(badHeld.closed?.why, 'revoked')
  t.equal(goodHeld.closed, undefined)
  t.same(told, ['success', 'revoked 1'])
})

t.test('closes what stands on a trust domain that is believed no more', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const [partner, other] = [new TestAuthority(t, 'partner.example', START), new TestAuthority(t, 'partner.example', START)]
  const bundle = partner.workload('x', 'y')
  const { identity } = open(t, ours.workload('shop', 'cart'), { federated: { 'partner.example': join(bundle, 'ca.crt') } })
  const held = hold(identity, partner.issue('a', 'b').cert)
  other.authority.issueInto(bundle, 'spiffe://partner.example/ns/x/sa/y', { lifeMs: HOUR, nowMs: START })
  identity.look()
  t.equal(held.closed?.why, 'untrusted')
})

t.test('asks for connections to be opened anew when its own certificate is another one, not for other changes', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const first = ours.issue('shop', 'cart')
  const folder = ours.folderOf(first)
  const { identity } = open(t, folder)
  const held = hold(identity, ours.issue('a', 'b').cert)
  writeFileSync(join(folder, 'ca.crt'), `${first.ca}${new TestAuthority(t, 'cluster.local', START).authority.bundle}`)
  identity.look()
  t.equal(held.renewed, 0)
  const second = ours.issue('shop', 'cart')
  writeFileSync(join(folder, 'tls.crt'), second.cert)
  writeFileSync(join(folder, 'tls.key'), second.key)
  identity.look()
  t.equal(held.renewed, 1)
  t.equal(held.closed, undefined)
})

t.test('hands over what it has let in to its successor, and closes it when there is none', async (t) => {
  const ours = new TestAuthority(t, 'cluster.local', START)
  const folder = ours.workload('shop', 'cart')
  const [first, second] = [open(t, folder), open(t, folder)]
  const [kept, gone] = [hold(first.identity, ours.issue('a', 'b').cert), hold(first.identity, ours.issue('a', 'c').cert)]
  second.identity.takeOver(first.identity)
  first.identity.close()
  t.equal(second.identity.held, 2)
  gone.release()
  t.equal(second.identity.held, 1, 'also what was handed over can end by itself')
  second.identity.retire()
  t.equal(kept.closed?.why, 'untrusted')
  t.equal(gone.closed, undefined)
  t.same([first.told, second.told], [[], ['untrusted 1']])
})

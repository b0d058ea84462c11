// A small authority in a folder: what it writes, and how its root is changed.
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Authority, renewalOf } from '../../../src/ca/authority.ts'
import { readRevocationLists } from '../../../src/identity/crl.ts'
import { temporaryFolder } from '../../support/sidecar-process.ts'

const HOUR = 3_600_000
const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const OPTIONS = { trustDomain: 'cluster.local', lifeMs: 1000 * HOUR, nowMs: now }
const URI = 'spiffe://cluster.local/ns/shop/sa/cart'

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

t.test('makes a root that may sign workloads and no other authorities', async (t) => {
  const folder = temporaryFolder(t)
  Authority.create(folder, OPTIONS)
  const root = new X509Certificate(read(folder, 'root.crt'))
  t.equal(root.ca, true)
  t.ok(root.verify(root.publicKey))
  t.equal(root.subjectAltName, 'URI:spiffe://cluster.local')
  t.throws(() => Authority.create(folder, OPTIONS), /has an authority already/)
  t.throws(() => Authority.create(temporaryFolder(t), { ...OPTIONS, trustDomain: 'Not A Domain' }), /no trust domain/)
  t.throws(() => Authority.open(temporaryFolder(t)), /outrigger ca init/)
})

t.test('writes keys for their owner alone, and everything by one rename', async (t) => {
  const folder = temporaryFolder(t)
  const into = temporaryFolder(t)
  const authority = Authority.create(folder, OPTIONS)
  authority.issueInto(into, URI, { lifeMs: HOUR, nowMs: now })
  t.equal(statSync(join(folder, 'root.key')).mode & 0o777, 0o600)
  t.equal(statSync(join(into, 'tls.key')).mode & 0o777, 0o600)
  const first = read(into, 'tls.crt')
  authority.issueInto(into, URI, { lifeMs: HOUR, nowMs: now })
  t.not(read(into, 'tls.crt'), first)
  const visible = readdirSync(into).filter((name) => !name.startsWith('..'))
  t.same(visible.sort(), ['ca.crt', 'crl.pem', 'tls.crt', 'tls.key'])
  t.equal(readdirSync(into).length, visible.length + 2, 'the former files are gone')
})

t.test('issues certificates that are for both sides of a handshake and for nothing else', async (t) => {
  const into = temporaryFolder(t)
  const authority = Authority.create(temporaryFolder(t), OPTIONS)
  authority.issueInto(into, URI, { lifeMs: HOUR, nowMs: now })
  const leaf = new X509Certificate(read(into, 'tls.crt'))
  t.equal(leaf.subjectAltName, `URI:${URI}`)
  t.equal(leaf.ca, false)
  t.equal(leaf.validToDate.getTime(), now + HOUR)
  t.ok(leaf.validFromDate.getTime() < now, 'clocks differ')
  t.same(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  t.ok(leaf.verify(new X509Certificate(authority.bundle).publicKey))
})

t.test('knows when half of a life is over', async (t) => {
  const into = temporaryFolder(t)
  const authority = Authority.create(temporaryFolder(t), OPTIONS)
  for (const lifeMs of [1000, 60_000, 24 * HOUR]) {
    authority.issueInto(into, URI, { lifeMs, nowMs: now })
    t.same(renewalOf(read(into, 'tls.crt')), { uri: URI, lifeMs, atMs: now + lifeMs / 2 })
  }
})

t.test('changes its root in three steps, so that nobody meets a root that is not believed yet', async (t) => {
  const folder = temporaryFolder(t)
  const roots = (authority: Authority) => authority.bundle.match(/BEGIN/g)?.length
  const first = Authority.create(folder, OPTIONS)
  const announced = first.rotate(HOUR, now)
  t.equal(announced.step, 'announced')
  t.equal(roots(announced.authority), 2)
  t.equal(read(folder, 'root.crt'), first.bundle, 'the old one signs')
  const switched = announced.authority.rotate(HOUR, now)
  t.equal(switched.step, 'switched')
  t.equal(roots(switched.authority), 2)
  t.not(read(folder, 'root.crt'), first.bundle)
  const forgotten = Authority.open(folder).rotate(HOUR, now)
  t.equal(forgotten.step, 'forgotten')
  t.equal(forgotten.authority.bundle, read(folder, 'root.crt'))
  t.equal(roots(forgotten.authority), 1)
})

t.test('remembers what it has revoked, through changes of the root, as long as somebody might believe it', async (t) => {
  const folder = temporaryFolder(t)
  const authority = Authority.create(folder, OPTIONS)
  const { certificate } = authority.issue({ uris: [URI], notBeforeMs: now, notAfterMs: now + HOUR })
  const serial = new X509Certificate(certificate).serialNumber
  const revoked = (): string[] => readRevocationLists(read(folder, 'crl.pem')).flatMap(({ serials }) => [...serials])
  t.same(revoked(), [])
  authority.revoke(certificate, now)
  t.same(revoked(), [serial])
  Authority.open(folder).rotate(HOUR, now)
  Authority.open(folder).rotate(HOUR, now)
  t.same(revoked(), [serial])
  const other = Authority.create(temporaryFolder(t), OPTIONS)
  t.throws(() => other.revoke(certificate, now), /has not issued/)
})

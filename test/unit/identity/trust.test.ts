// Whom certificates are believed to be. Real certificates, no sockets.
import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { readRevocationLists } from '../../../src/identity/crl.ts'
import { Trust } from '../../../src/identity/trust.ts'
import { TestAuthority } from '../../support/certificates.ts'

const now = Date.now()
const HOUR = 3_600_000

function bundleOf(...authorities: readonly TestAuthority[]): X509Certificate[] {
  return authorities.map(({ authority }) => new X509Certificate(authority.bundle))
}

t.test('believes a certificate that an authority of its trust domain has issued', async (t) => {
  const ours = new TestAuthority(t)
  const trust = new Trust(new Map([['cluster.local', bundleOf(ours)]]), [])
  const leaf = new X509Certificate(ours.issue('shop', 'cart').cert)
  t.match(trust.verify(leaf, now), { kind: 'verified', id: { namespace: 'shop', serviceAccount: 'cart' } })
  t.match(trust.verify(leaf, now + 2 * HOUR), { kind: 'refused', why: 'expired' }, 'also one that it knows already')
})

t.test('does not believe an authority about another trust domain', async (t) => {
  const ours = new TestAuthority(t)
  const partner = new TestAuthority(t, 'partner.example')
  const trust = new Trust(
    new Map([
      ['cluster.local', bundleOf(ours)],
      ['partner.example', bundleOf(partner)],
    ]),
    [],
  )
  const forged = partner.issue('', '', { uris: ['spiffe://cluster.local/ns/shop/sa/cart'] })
  t.match(trust.verify(new X509Certificate(forged.cert), now), { kind: 'refused', why: 'untrusted' })
  const honest = partner.issue('shop', 'cart')
  t.match(trust.verify(new X509Certificate(honest.cert), now), { kind: 'verified', id: { trustDomain: 'partner.example' } })
})

t.test('does not believe a trust domain of which it knows no authority', async (t) => {
  const stranger = new TestAuthority(t, 'stranger.example')
  const trust = new Trust(new Map([['cluster.local', bundleOf(new TestAuthority(t))]]), [])
  t.match(trust.verify(new X509Certificate(stranger.issue('a', 'b').cert), now), { kind: 'refused', why: 'trust_domain' })
})

const SPECIAL = {
  'two identities': { uris: ['spiffe://cluster.local/ns/a/sa/b', 'spiffe://cluster.local/ns/a/sa/admin'], why: 'malformed' },
  'an identity and another URI': { uris: ['spiffe://cluster.local/ns/a/sa/b', 'https://example.com/'], why: 'malformed' },
  'no identity': { uris: [], why: 'malformed' },
  'a URI that is no identity': { uris: ['spiffe://cluster.local/ns/a'], why: 'malformed' },
  'a life that is over': { notAfterMs: now - 1000, why: 'expired' },
  'a life that has not begun': { notBeforeMs: now + HOUR / 2, why: 'expired' },
} as const
for (const [name, { why, ...special }] of Object.entries(SPECIAL)) {
  t.test(`does not believe a certificate with ${name}`, async (t) => {
    const ours = new TestAuthority(t)
    const trust = new Trust(new Map([['cluster.local', bundleOf(ours)]]), [])
    t.match(trust.verify(new X509Certificate(ours.issue('a', 'b', special).cert), now), { kind: 'refused', why })
  })
}

t.test('does not believe the certificate of an authority itself', async (t) => {
  const ours = new TestAuthority(t)
  const [root] = bundleOf(ours)
  const trust = new Trust(new Map([['cluster.local', [root as X509Certificate]]]), [])
  t.match(trust.verify(root as X509Certificate, now), { kind: 'refused', why: 'malformed' })
})

t.test('does not believe what its authority has revoked, and only what that authority has', async (t) => {
  const ours = new TestAuthority(t)
  const other = new TestAuthority(t)
  const bad = ours.issue('a', 'b')
  const good = ours.issue('a', 'b')
  const lists = readRevocationLists(ours.authority.revoke(bad.cert, now).lists(now))
  const trust = new Trust(new Map([['cluster.local', bundleOf(ours, other)]]), lists)
  t.match(trust.verify(new X509Certificate(bad.cert), now), { kind: 'refused', why: 'revoked' })
  t.match(trust.verify(new X509Certificate(good.cert), now), { kind: 'verified' })
  const unsigned = lists.map((list) => ({ ...list, signedBy: () => false }))
  const careless = new Trust(new Map([['cluster.local', bundleOf(ours)]]), unsigned)
  t.match(careless.verify(new X509Certificate(bad.cert), now), { kind: 'verified' }, 'a list that nobody signed says nothing')
})

t.test('refuses a file without revocation lists, and one that is cut off', async (t) => {
  const { authority } = new TestAuthority(t)
  t.throws(() => readRevocationLists(''), /no X509 CRL/)
  const base64 = authority.lists(now).split('\n').slice(1, -3).join('\n')
  t.throws(() => readRevocationLists(`-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----`))
})

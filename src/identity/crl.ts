// Certificate revocation lists (RFC 5280 §5): which serial numbers an issuer has taken back.
import { type KeyObject, verify } from 'node:crypto'
import { serialOf } from './certificate.ts'
import { DerReader, readOid, readTime, TAG } from './der.ts'

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g

/** Algorithms of signatures → digest; null: it has its own. */
const DIGESTS = new Map<string, string | null>([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
])

export interface RevocationList {
  /** Name of the issuer, hexadecimal DER. */
  readonly issuer: string
  readonly serials: ReadonlySet<string>
  /** When there should be a newer one; undefined: it does not say. */
  readonly nextUpdateMs: number | undefined
  signedBy(key: KeyObject): boolean
}

/** All lists of a PEM file. Throws when there is none, or one that can't be read. */
export function readRevocationLists(pem: string): RevocationList[] {
  const lists = [...pem.matchAll(PEM)].map(([, base64]) => readList(Buffer.from(base64 as string, 'base64')))
  if (lists.length === 0) throw new Error('there is no X509 CRL in it')
  return lists
}

function readList(bytes: Buffer): RevocationList {
  const list = new DerReader(bytes).inner(TAG.sequence)
  const signed = list.next(TAG.sequence)
  const algorithm = readOid(list.inner(TAG.sequence).next(TAG.oid))
  const signature = list.next(TAG.bits).content.subarray(1)
  const digest = DIGESTS.get(algorithm)
  if (digest === undefined) throw new Error(`a revocation list signed by the unknown algorithm ${algorithm}`)
  const tbs = new DerReader(signed.content)
  tbs.optional(TAG.integer)
  tbs.next(TAG.sequence)
  const issuer = tbs.next(TAG.sequence).whole.toString('hex')
  tbs.next()
  const nextUpdateMs = tbs.tag === TAG.utcTime || tbs.tag === TAG.time ? readTime(tbs.next()) : undefined
  const serials = new Set<string>()
  const revoked = tbs.optional(TAG.sequence)
  if (revoked !== undefined) {
    const entries = new DerReader(revoked.content)
    while (!entries.atEnd) serials.add(serialOf(entries.inner(TAG.sequence).next(TAG.integer)))
  }
  return { issuer, serials, nextUpdateMs, signedBy: (key) => verify(digest, signed.whole, key, signature) }
}

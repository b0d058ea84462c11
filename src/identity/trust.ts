// Whom to believe: for every trust domain the authorities that may vouch for it, and what they have taken back. TLS has checked the chain
// against all authorities together; here it is checked against those of the one trust domain that the certificate claims.
import type { X509Certificate } from 'node:crypto'
import { readCertificate } from './certificate.ts'
import type { RevocationList } from './crl.ts'
import { parseSpiffeId, type SpiffeId } from './spiffe.ts'

/** Why a certificate is not believed. */
export const DISTRUST = ['missing', 'untrusted', 'malformed', 'trust_domain', 'expired', 'revoked', 'unexpected'] as const
export type Distrust = (typeof DISTRUST)[number]

export interface Verified {
  readonly kind: 'verified'
  readonly id: SpiffeId
  /** When the first certificate of its chain ends. */
  readonly notAfterMs: number
}

export interface Refused {
  readonly kind: 'refused'
  readonly why: Distrust
  readonly detail: string
}

const MAX_CHAIN = 8
const MAX_KNOWN = 4096

interface Link {
  readonly serial: string
  readonly issuer: string
  /** Who signed it. */
  readonly signer: X509Certificate
}

interface Chain {
  readonly links: readonly Link[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export class Trust {
  readonly #anchors: ReadonlyMap<string, readonly X509Certificate[]>
  readonly #lists: readonly RevocationList[]
  /** By fingerprint: who was believed under these authorities. */
  readonly #known = new Map<string, { id: SpiffeId; notBeforeMs: number; notAfterMs: number }>()

  /** `anchors`: trust domain → authorities; names that mean the same domain are there each. */
  constructor(anchors: ReadonlyMap<string, readonly X509Certificate[]>, lists: readonly RevocationList[]) {
    this.#anchors = anchors
    this.#lists = lists
  }

  verify(leaf: X509Certificate, nowMs: number): Verified | Refused {
    const known = this.#known.get(leaf.fingerprint256)
    if (known !== undefined) {
      return nowMs >= known.notAfterMs || nowMs < known.notBeforeMs
        ? refused('expired', `the certificate of ${known.id.uri} has expired`)
        : { kind: 'verified', id: known.id, notAfterMs: known.notAfterMs }
    }
    const id = identityOf(leaf)
    if ('kind' in id) return id
    const anchors = this.#anchors.get(id.trustDomain)
    if (anchors === undefined) return refused('trust_domain', `there is no trust bundle for ${id.trustDomain}`)
    const chain = chainTo(anchors, leaf)
    if (chain === undefined)
      return refused('untrusted', `no authority of ${id.trustDomain} has issued the certificate of ${id.uri}`)
    const { notBeforeMs, notAfterMs } = chain
    if (nowMs >= notAfterMs || nowMs < notBeforeMs)
      return refused('expired', `the certificate of ${id.uri} is not valid at this time`)
    if (chain.links.some((link) => this.#isRevoked(link))) return refused('revoked', `the certificate of ${id.uri} was revoked`)
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(leaf.fingerprint256, { id, notBeforeMs, notAfterMs })
    return { kind: 'verified', id, notAfterMs }
  }

  #isRevoked({ serial, issuer, signer }: Link): boolean {
    // a list that its issuer has not signed says nothing
    return this.#lists.some((list) => list.issuer === issuer && list.serials.has(serial) && list.signedBy(signer.publicKey))
  }
}

/** X509-SVID §2 and §4.1: exactly one URI, and no authority. */
export function identityOf(leaf: X509Certificate): SpiffeId | Refused {
  let uris: readonly string[]
  try {
    ;({ uris } = readCertificate(leaf.raw))
  } catch (error) {
    return refused('malformed', `a certificate that can't be read: ${(error as Error).message}`)
  }
  if (uris.length !== 1) return refused('malformed', `a certificate with ${uris.length} URIs, where exactly one is asked for`)
  const id = parseSpiffeId(uris[0] as string)
  if (id === undefined) return refused('malformed', 'the URI of the certificate is not spiffe://…/ns/…/sa/…')
  return leaf.ca ? refused('malformed', `the certificate of ${id.uri} is that of an authority`) : id
}

/** From the certificate up to one of the authorities, by way of the certificates that came with it. */
function chainTo(anchors: readonly X509Certificate[], leaf: X509Certificate): Chain | undefined {
  const links: Link[] = []
  let notBeforeMs = -Infinity
  let notAfterMs = Infinity
  let certificate = leaf
  const add = (signer: X509Certificate): void => {
    const { serial, issuer } = readCertificate(certificate.raw)
    links.push({ serial, issuer, signer })
    notBeforeMs = Math.max(notBeforeMs, certificate.validFromDate.getTime())
    notAfterMs = Math.min(notAfterMs, certificate.validToDate.getTime())
  }
  for (let depth = 0; depth < MAX_CHAIN; depth++) {
    const anchor = anchors.find((candidate) => hasIssued(candidate, certificate))
    if (anchor !== undefined) {
      add(anchor)
      return { links, notBeforeMs, notAfterMs: Math.min(notAfterMs, anchor.validToDate.getTime()) }
    }
    const next = certificate.issuerCertificate
    if (next === undefined || next.fingerprint256 === certificate.fingerprint256) return undefined
    if (!hasIssued(next, certificate)) return undefined
    add(next)
    certificate = next
  }
  return undefined
}

function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function refused(why: Distrust, detail: string): Refused {
  return { kind: 'refused', why, detail }
}

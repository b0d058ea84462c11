// A small authority in a folder, for development and machines without one: its root, the steps of changing that root, certificates for
// workloads, and what was revoked. Keys are in files that only their owner reads, and nowhere else.
import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { readCertificate } from '../identity/certificate.ts'
import { readRevocationLists } from '../identity/crl.ts'
import { parseSpiffeId } from '../identity/spiffe.ts'
import { keyIdOf, makeKeyPair, nameOf, type Signer, type Subject, writeCertificate, writeRevocationList } from './certificate.ts'
import { readIfThere, writeFolder } from './folder.ts'

/** Clocks of machines differ. */
const EARLIER_MS = 300_000
const LIST_LIFE_MS = 7 * 86_400_000
const ROOT_NAME = 'outrigger ca'

interface Root {
  readonly certificate: string
  readonly key: string
}

/** root: signs. next: is announced, so that all believe it before it signs. former: signed before, and is still believed. */
type Roots = { readonly root: Root; readonly next?: Root; readonly former?: Root }

export interface Issued {
  readonly certificate: string
  readonly key: string
}

export class Authority {
  readonly folder: string
  readonly trustDomain: string
  readonly #roots: Roots
  /** Hexadecimal serial numbers, by the certificate of the root that issued them. */
  readonly #revoked: ReadonlyMap<string, readonly string[]>

  private constructor(folder: string, roots: Roots, revoked: ReadonlyMap<string, readonly string[]>) {
    this.folder = folder
    this.#roots = roots
    this.#revoked = revoked
    this.trustDomain = trustDomainOf(roots.root.certificate)
  }

  /** Throws when the folder has one already. */
  static create(
    folder: string,
    { trustDomain, lifeMs, nowMs }: { trustDomain: string; lifeMs: number; nowMs: number },
  ): Authority {
    if (parseSpiffeId(`spiffe://${trustDomain}/ns/x/sa/x`) === undefined) throw new Error(`${trustDomain} is no trust domain`)
    if (readIfThere(folder, 'root.crt') !== undefined) throw new Error(`${folder} has an authority already`)
    const authority = new Authority(folder, { root: makeRoot(trustDomain, lifeMs, nowMs) }, new Map())
    authority.#write(nowMs)
    return authority
  }

  static open(folder: string): Authority {
    const root = readRoot(folder, 'root')
    if (root === undefined) throw new Error(`${folder} has no authority; outrigger ca init makes one`)
    const next = readRoot(folder, 'next')
    const former = readRoot(folder, 'former')
    const roots = { root, ...(next ? { next } : {}), ...(former ? { former } : {}) }
    return new Authority(folder, roots, readRevoked(folder, roots))
  }

  /** PEM: all roots to be believed now. */
  get bundle(): string {
    const { root, next, former } = this.#roots
    return [root, next, former].map((each) => each?.certificate ?? '').join('')
  }

  /** PEM: a revocation list of every root. */
  lists(nowMs: number): string {
    return this.#all()
      .map((root) =>
        writeRevocationList(
          this.#revoked.get(root.certificate) ?? [],
          { thisUpdateMs: nowMs, nextUpdateMs: nowMs + LIST_LIFE_MS },
          signerOf(root),
        ),
      )
      .join('')
  }

  issue({ notBeforeMs, notAfterMs, ...subject }: Subject & { notBeforeMs: number; notAfterMs: number }): Issued {
    const pair = makeKeyPair()
    const request = { subject, publicKey: pair.publicKey, authority: false, notBeforeMs, notAfterMs }
    return {
      certificate: writeCertificate(request, signerOf(this.#roots.root)),
      key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    }
  }

  /** A certificate for a workload, with its key and what it should believe, into a folder as `identity.folder` reads it. */
  issueInto(folder: string, uri: string, { lifeMs, nowMs }: { lifeMs: number; nowMs: number }): void {
    const issued = this.issue({ uris: [uri], notBeforeMs: nowMs - Math.min(EARLIER_MS, lifeMs), notAfterMs: nowMs + lifeMs })
    const files = { 'tls.crt': issued.certificate, 'tls.key': issued.key, 'ca.crt': this.bundle, 'crl.pem': this.lists(nowMs) }
    writeFolder(folder, files, stampOf(nowMs))
  }

  /** One step of changing the root; what is returned says which one it was. */
  rotate(lifeMs: number, nowMs: number): { authority: Authority; step: 'announced' | 'switched' | 'forgotten' } {
    const { root, next, former } = this.#roots
    const step = next !== undefined ? 'switched' : former !== undefined ? 'forgotten' : 'announced'
    const roots: Roots =
      next !== undefined
        ? { root: next, former: root }
        : former !== undefined
          ? { root }
          : { root, next: makeRoot(this.trustDomain, lifeMs, nowMs) }
    const authority = new Authority(this.folder, roots, this.#revoked)
    authority.#write(nowMs)
    return { authority, step }
  }

  /** Takes a certificate back. Throws when none of the roots has issued it. */
  revoke(certificate: string, nowMs: number): Authority {
    const leaf = new X509Certificate(certificate)
    const root = this.#all().find((each) => leaf.verify(createPublicKey(each.certificate)))
    if (root === undefined) throw new Error('this authority has not issued the certificate')
    const { serial } = readCertificate(leaf.raw)
    const serials = new Set(this.#revoked.get(root.certificate)).add(serial)
    const authority = new Authority(this.folder, this.#roots, new Map([...this.#revoked, [root.certificate, [...serials]]]))
    authority.#write(nowMs)
    return authority
  }

  #all(): Root[] {
    const { root, next, former } = this.#roots
    return [root, next, former].filter((each) => each !== undefined)
  }

  #write(nowMs: number): void {
    const files: Record<string, string> = { 'ca.crt': this.bundle, 'crl.pem': this.lists(nowMs) }
    for (const [name, root] of Object.entries(this.#roots)) {
      files[`${name}.crt`] = root.certificate
      files[`${name}.key`] = root.key
    }
    writeFolder(this.folder, files, stampOf(nowMs))
  }
}

/** When half of a certificate's life is over, and with it the time to renew it. */
export function renewalOf(certificate: string): { uri: string; lifeMs: number; atMs: number } {
  const leaf = new X509Certificate(certificate)
  const [uri = ''] = readCertificate(leaf.raw).uris
  const endMs = leaf.validToDate.getTime()
  const startMs = leaf.validFromDate.getTime()
  const lifeMs = endMs - startMs - Math.min(EARLIER_MS, (endMs - startMs) / 2)
  return { uri, lifeMs, atMs: endMs - lifeMs / 2 }
}

function makeRoot(trustDomain: string, lifeMs: number, nowMs: number): Root {
  const { publicKey, privateKey } = makeKeyPair()
  const subject = {
    organization: trustDomain,
    commonName: `${ROOT_NAME} ${randomBytes(4).toString('hex')}`,
    uris: [`spiffe://${trustDomain}`],
  }
  const signer = { name: nameOf(subject), privateKey, keyId: keyIdOf(publicKey) }
  const request = { subject, publicKey, authority: true, notBeforeMs: nowMs - EARLIER_MS, notAfterMs: nowMs + lifeMs }
  return { certificate: writeCertificate(request, signer), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

function signerOf({ certificate, key }: Root): Signer {
  const { raw, publicKey } = new X509Certificate(certificate)
  return { name: Buffer.from(readCertificate(raw).subject, 'hex'), privateKey: createPrivateKey(key), keyId: keyIdOf(publicKey) }
}

function readRoot(folder: string, name: string): Root | undefined {
  const certificate = readIfThere(folder, `${name}.crt`)
  const key = readIfThere(folder, `${name}.key`)
  return certificate === undefined || key === undefined ? undefined : { certificate, key }
}

function readRevoked(folder: string, roots: Roots): Map<string, readonly string[]> {
  const revoked = new Map<string, readonly string[]>()
  const lists = readRevocationLists(readIfThere(folder, 'crl.pem') ?? '')
  for (const { certificate } of [roots.root, roots.next, roots.former].filter((each) => each !== undefined)) {
    const { issuer } = readCertificate(new X509Certificate(certificate).raw)
    const list = lists.find((candidate) => candidate.issuer === issuer)
    if (list !== undefined) revoked.set(certificate, [...list.serials])
  }
  return revoked
}

function trustDomainOf(root: string): string {
  const [uri = ''] = readCertificate(new X509Certificate(root).raw).uris
  return uri.slice('spiffe://'.length)
}

function stampOf(nowMs: number): string {
  return `${new Date(nowMs).toISOString().replaceAll(':', '_')}.${randomBytes(3).toString('hex')}`
}

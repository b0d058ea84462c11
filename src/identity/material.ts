// An identity as its files tell it: checked as a whole, so that a half-written change is never used. Foreign errors become words for the
// user here; nothing of a key is ever in them.
import { constants, createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { IdentityFiles } from '../config/identity-files.ts'
import { readNamed } from '../core/read-failure.ts'
import { type RevocationList, readRevocationLists } from './crl.ts'
import type { SpiffeId } from './spiffe.ts'
import { identityOf, Trust } from './trust.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/**
 * Without tickets every connection shows its certificate anew, so no resumed session can be older than what is known of it; without
 * renegotiation it stays the one that was checked.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION

/** The bytes of all files, as they were at one time. */
export interface Reading {
  readonly files: ReadonlyMap<string, Buffer>
  readonly fingerprint: string
}

export interface Material {
  readonly own: SpiffeId
  /** For both sides: shows the own certificate, believes all authorities together. */
  readonly context: SecureContext
  /** The chain and key of `context`, for those that need another one. */
  readonly cert: Buffer
  readonly key: Buffer
  readonly trust: Trust
  readonly leaf: X509Certificate
  readonly notAfterMs: number
  /** What is odd about it, in words. */
  readonly warnings: readonly string[]
}

/** Throws, naming the file. */
export function readIdentityFiles(files: IdentityFiles): Reading {
  const paths = [files.certificate, files.key, files.trustBundle, ...Object.values(files.federated)]
  if (files.crl !== undefined) paths.push(files.crl)
  const read = new Map<string, Buffer>()
  const hash = createHash('sha256')
  for (const path of paths) {
    const bytes = readNamed(path)
    read.set(path, bytes)
    hash.update(`${path} ${bytes.length}\n`).update(bytes)
  }
  return { files: read, fingerprint: hash.digest('base64') }
}

export interface TrustDomains {
  readonly own: string
  readonly aliases: readonly string[]
}

/** Throws in words for the user when the files don't make an identity. */
export function makeMaterial(files: IdentityFiles, { files: read }: Reading, domains: TrustDomains, nowMs: number): Material {
  const bytes = (path: string): Buffer => read.get(path) as Buffer
  const [cert, key] = [bytes(files.certificate), bytes(files.key)]
  const leaf = certificatesOf(files.certificate, cert)[0] as X509Certificate
  const own = identityOf(leaf)
  if ('kind' in own) throw new Error(`${files.certificate}: ${own.detail}`)
  if (own.trustDomain !== domains.own && !domains.aliases.includes(own.trustDomain))
    throw new Error(`${files.certificate} is for the trust domain ${own.trustDomain}, the settings say ${domains.own}`)
  checkKey(files, leaf, key)
  const anchors = new Map<string, X509Certificate[]>()
  const ownAnchors = certificatesOf(files.trustBundle, bytes(files.trustBundle))
  for (const domain of [domains.own, ...domains.aliases]) anchors.set(domain, ownAnchors)
  for (const [domain, path] of Object.entries(files.federated)) anchors.set(domain, certificatesOf(path, bytes(path)))
  const lists = files.crl === undefined ? [] : revocationLists(files.crl, bytes(files.crl))
  const trust = new Trust(anchors, lists)
  const all = [...new Set([...anchors.values()].flat().map((anchor) => anchor.toString()))]
  return {
    own,
    context: contextOf(files, { cert, key, ca: all }),
    cert,
    key,
    trust,
    leaf,
    notAfterMs: leaf.validToDate.getTime(),
    warnings: oddities(files, leaf, trust, { lists, nowMs }),
  }
}

function contextOf(files: IdentityFiles, parts: { cert: Buffer; key: Buffer; ca: string[] }): SecureContext {
  try {
    return createSecureContext({ ...parts, minVersion: 'TLSv1.2', secureOptions: SECURE_OPTIONS })
  } catch (error) {
    const { certificate, key } = files
    throw new Error(`the certificate ${certificate} and the key ${key} can not be used together: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function checkKey(files: IdentityFiles, leaf: X509Certificate, pem: Buffer): void {
  let fits: boolean
  try {
    fits = leaf.checkPrivateKey(createPrivateKey(pem))
  } catch {
    throw new Error(`${files.key} holds no private key that can be read`)
  }
  if (!fits) throw new Error(`the key ${files.key} is not that of the certificate ${files.certificate}`)
}

function certificatesOf(path: string, pem: Buffer): X509Certificate[] {
  try {
    const found = [...pem.toString('latin1').matchAll(CERTIFICATE)].map(([text]) => new X509Certificate(text))
    if (found.length > 0) return found
  } catch (error) {
    throw new Error(`${path}: a certificate that can't be read: ${(error as Error).message}`, { cause: error })
  }
  throw new Error(`${path} holds no certificate`)
}

function revocationLists(path: string, pem: Buffer): RevocationList[] {
  try {
    return readRevocationLists(pem.toString('latin1'))
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** What works, and will hardly be meant. */
function oddities(
  files: IdentityFiles,
  leaf: X509Certificate,
  trust: Trust,
  { lists, nowMs }: { lists: readonly RevocationList[]; nowMs: number },
): string[] {
  const found: string[] = []
  const verdict = trust.verify(leaf, nowMs)
  // intermediate authorities that only the file knows are not looked for
  if (verdict.kind === 'refused' && verdict.why !== 'untrusted') found.push(`${files.certificate}: ${verdict.detail}`)
  if (lists.some(({ nextUpdateMs = Infinity }) => nextUpdateMs <= nowMs))
    found.push(`${files.crl} is older than it says it may be; it is used all the same`)
  return found
}

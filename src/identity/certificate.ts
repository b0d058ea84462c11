// What a certificate says that node:crypto does not tell in full: its alternative names byte by byte, its serial number and the names of
// issuer and subject as they stand there.
import { DerReader, type Element, readOid, TAG } from './der.ts'

const SUBJECT_ALT_NAME = '2.5.29.17'
const URI = 0x86
const DNS = 0x82
/** [0], [1], [2], [3] around a whole value. */
const VERSION = 0xa0
const ISSUER_UID = 0x81
const SUBJECT_UID = 0x82
const EXTENSIONS = 0xa3
const PRINTABLE = /^[\x21-\x7e]+$/

export interface CertificateFacts {
  /** Hexadecimal, upper case. */
  readonly serial: string
  /** Hexadecimal DER. */
  readonly issuer: string
  readonly subject: string
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
}

/** Throws when it is no certificate, or one with alternative names that are no plain text. */
export function readCertificate(raw: Buffer): CertificateFacts {
  const tbs = new DerReader(raw).inner(TAG.sequence).inner(TAG.sequence)
  tbs.optional(VERSION)
  const serial = tbs.next(TAG.integer)
  tbs.next(TAG.sequence)
  const issuer = tbs.next(TAG.sequence)
  tbs.next(TAG.sequence)
  const subject = tbs.next(TAG.sequence)
  tbs.next(TAG.sequence)
  tbs.optional(ISSUER_UID)
  tbs.optional(SUBJECT_UID)
  const extensions = tbs.optional(EXTENSIONS)
  return {
    serial: serialOf(serial),
    issuer: issuer.whole.toString('hex'),
    subject: subject.whole.toString('hex'),
    ...(extensions === undefined ? { uris: [], dnsNames: [] } : alternativeNames(extensions)),
  }
}

export function serialOf({ content }: Element): string {
  return content.toString('hex').toUpperCase()
}

function alternativeNames({ content }: Element): Pick<CertificateFacts, 'uris' | 'dnsNames'> {
  const uris: string[] = []
  const dnsNames: string[] = []
  const extensions = new DerReader(content).inner(TAG.sequence)
  let seen = false
  while (!extensions.atEnd) {
    const extension = extensions.inner(TAG.sequence)
    if (readOid(extension.next(TAG.oid)) !== SUBJECT_ALT_NAME) continue
    if (seen) throw new Error('alternative names twice')
    seen = true
    extension.optional(TAG.boolean)
    const names = new DerReader(extension.next(TAG.octets).content).inner(TAG.sequence)
    while (!names.atEnd) {
      const name = names.next()
      if (name.tag === URI) uris.push(plain(name.content))
      else if (name.tag === DNS) dnsNames.push(plain(name.content))
    }
  }
  return { uris, dnsNames }
}

function plain(content: Buffer): string {
  const text = content.toString('latin1')
  if (!PRINTABLE.test(text)) throw new Error('an alternative name that is no plain text')
  return text
}

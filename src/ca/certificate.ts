// Writes X.509 certificates and revocation lists (RFC 5280): ECDSA over P-256, for authorities and for workloads, and nothing else.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { DerReader, der, derBits, derInteger, derOid, derTime, TAG } from '../identity/der.ts'

const ECDSA_SHA256 = der(TAG.sequence, derOid('1.2.840.10045.4.3.2'))
const COMMON_NAME = derOid('2.5.4.3')
const ORGANIZATION = derOid('2.5.4.10')
const TRUE = der(TAG.boolean, Buffer.from([0xff]))
const SERVER_AND_CLIENT = der(TAG.sequence, derOid('1.3.6.1.5.5.7.3.1'), derOid('1.3.6.1.5.5.7.3.2'))
const SIGNS_CERTIFICATES_AND_LISTS = derBits(Buffer.from([0x06]), 1)
const SIGNS_HANDSHAKES = derBits(Buffer.from([0x80]), 7)
const URI = 0x86
const KEY_ID = 0x80
const VERSION_3 = der(0xa0, derInteger(Buffer.from([2])))
const VERSION_2_LIST = derInteger(Buffer.from([1]))

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface Subject {
  readonly commonName?: string
  readonly organization?: string
  /** Alternative names. */
  readonly uris: readonly string[]
}

/** Who signs: its name as DER, its key, and the identifier of its key. */
export interface Signer {
  readonly name: Buffer
  readonly privateKey: KeyObject
  readonly keyId: Buffer
}

export interface CertificateRequest {
  readonly subject: Subject
  readonly publicKey: KeyObject
  /** May it sign others? */
  readonly authority: boolean
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export function makeKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** PEM. */
export function writeCertificate(request: CertificateRequest, signer: Signer): string {
  const { subject, publicKey, authority, notBeforeMs, notAfterMs } = request
  const name = nameOf(subject)
  const serial = randomBytes(16)
  serial[0] = (serial[0] as number) & 0x7f
  const extensions = [
    // the path ends here: an authority of ours signs workloads and no other authorities
    extension('2.5.29.19', der(TAG.sequence, ...(authority ? [TRUE, derInteger(Buffer.from([0]))] : [])), true),
    extension('2.5.29.15', authority ? SIGNS_CERTIFICATES_AND_LISTS : SIGNS_HANDSHAKES, true),
    ...(authority ? [] : [extension('2.5.29.37', SERVER_AND_CLIENT, false)]),
    extension('2.5.29.14', der(TAG.octets, keyIdOf(publicKey)), false),
    extension('2.5.29.35', der(TAG.sequence, der(KEY_ID, signer.keyId)), false),
  ]
  if (subject.uris.length > 0) {
    const names = subject.uris.map((uri) => der(URI, Buffer.from(uri, 'latin1')))
    // RFC 5280 §4.2.1.6: critical where there is no other name
    extensions.push(extension('2.5.29.17', der(TAG.sequence, ...names), subject.commonName === undefined))
  }
  const tbs = der(
    TAG.sequence,
    VERSION_3,
    derInteger(serial),
    ECDSA_SHA256,
    signer.name,
    der(TAG.sequence, derTime(notBeforeMs), derTime(notAfterMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(TAG.sequence, ...extensions)),
  )
  return pem('CERTIFICATE', signed(tbs, signer.privateKey))
}

/** `serials`: hexadecimal, as certificates have them. PEM. */
export function writeRevocationList(
  serials: readonly string[],
  { thisUpdateMs, nextUpdateMs }: { thisUpdateMs: number; nextUpdateMs: number },
  signer: Signer,
): string {
  const entries = serials.map((serial) => der(TAG.sequence, derInteger(Buffer.from(serial, 'hex')), derTime(thisUpdateMs)))
  const number = derInteger(Buffer.from(Math.floor(thisUpdateMs).toString(16).padStart(16, '0'), 'hex'))
  const tbs = der(
    TAG.sequence,
    VERSION_2_LIST,
    ECDSA_SHA256,
    signer.name,
    derTime(thisUpdateMs),
    derTime(nextUpdateMs),
    ...(entries.length > 0 ? [der(TAG.sequence, ...entries)] : []),
    der(
      0xa0,
      der(
        TAG.sequence,
        extension('2.5.29.35', der(TAG.sequence, der(KEY_ID, signer.keyId)), false),
        extension('2.5.29.20', number, false),
      ),
    ),
  )
  return pem('X509 CRL', signed(tbs, signer.privateKey))
}

/** A name as certificates hold it; without parts it is empty. */
export function nameOf({ organization, commonName }: Subject): Buffer {
  return der(
    TAG.sequence,
    ...(organization === undefined ? [] : [part(ORGANIZATION, organization)]),
    ...(commonName === undefined ? [] : [part(COMMON_NAME, commonName)]),
  )
}

function part(oid: Buffer, text: string): Buffer {
  return der(TAG.set, der(TAG.sequence, oid, der(TAG.utf8, Buffer.from(text))))
}

/** RFC 7093 §2: the first 20 bytes of the SHA-256 of the key's bits. */
export function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = new DerReader(publicKey.export({ type: 'spki', format: 'der' })).inner(TAG.sequence)
  spki.next(TAG.sequence)
  return createHash('sha256').update(spki.next(TAG.bits).content.subarray(1)).digest().subarray(0, 20)
}

function extension(oid: string, value: Buffer, critical: boolean): Buffer {
  return der(TAG.sequence, derOid(oid), ...(critical ? [TRUE] : []), der(TAG.octets, value))
}

function signed(tbs: Buffer, key: KeyObject): Buffer {
  return der(TAG.sequence, tbs, ECDSA_SHA256, derBits(sign('sha256', tbs, key)))
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) as string[]
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

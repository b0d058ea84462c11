// A certificate with a name, signed by its own key: for servers whose callers do not ask who signed.
import { keyIdOf, makeKeyPair, nameOf, writeCertificate } from '../../src/ca/certificate.ts'

const HOUR_MS = 3_600_000

/** PEM. */
export function selfSigned(commonName: string): { readonly certificate: string; readonly key: string } {
  const { publicKey, privateKey } = makeKeyPair()
  const subject = { commonName, uris: [] }
  const signer = { name: nameOf(subject), privateKey, keyId: keyIdOf(publicKey) }
  const nowMs = Date.now()
  const request = { subject, publicKey, authority: false, notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS }
  return { certificate: writeCertificate(request, signer), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

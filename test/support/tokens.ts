// Keys and tokens of an issuer, made anew for each test.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export interface TestIssuer {
  readonly jwks: string
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): string
}

export function testIssuer(kid = 'k1'): TestIssuer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] }),
    token: (claims, header = {}) => signed(privateKey, { alg: 'ES256', kid, ...header }, claims),
  }
}

function signed(key: KeyObject, header: object, claims: object): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

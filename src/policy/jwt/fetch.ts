// Gets keys from where they are: by HTTP, from a file, or as the settings have them.
import { readFile } from 'node:fs/promises'
import type { TokenConfig } from '../../config/schema/tokens.ts'

/** Larger answers are no key sets. */
const MAX_BYTES = 1024 ** 2
const DISCOVERY = '/.well-known/openid-configuration'

/** The text of a key set. Throws with words for the log. */
export async function fetchKeys({ jwks, jwksFile, jwksUri, issuer, timeout }: TokenConfig): Promise<string> {
  if (jwks !== undefined) return jwks
  if (jwksFile !== undefined) return await readFile(jwksFile, 'utf8')
  if (jwksUri !== undefined) return await get(jwksUri, timeout)
  const found = JSON.parse(await get(`${issuer.replace(/\/+$/, '')}${DISCOVERY}`, timeout)) as Record<string, unknown>
  const { jwks_uri: uri } = found
  if (found['issuer'] !== issuer || typeof uri !== 'string')
    throw new Error(`the discovery document of ${issuer} is not its own or names no keys`)
  return await get(uri, timeout)
}

async function get(url: string, timeoutMs: number): Promise<string> {
  // comes when there is something to fetch
  const { request } = await import('undici')
  const signal = AbortSignal.timeout(timeoutMs)
  const { statusCode, body } = await request(url, { signal, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  if (statusCode !== 200) {
    await body.dump()
    throw new Error(`${url} answered ${statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`${url} answered more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

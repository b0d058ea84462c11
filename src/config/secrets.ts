// Keeps secrets out of what people see: problems, `check --print`, the admin's dump.

const SENSITIVE_KEY =
  /^(key|authorization|proxy-authorization|cookie|set-cookie)$|secret|password|passwd|token|api[-_]?key|private[-_]?key/i
const PEM = /-----BEGIN [A-Z0-9 ]+-----/
const CREDENTIALS_IN_URL = /^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i
const FILE_PATH = /^\.{0,2}\/[^\s]*$|^[\w.-]+\.(pem|key|crt|json|txt)$/
const MASK = '[redacted]'

export function isSensitivePath(path: readonly (string | number)[]): boolean {
  return path.some((key) => typeof key === 'string' && SENSITIVE_KEY.test(key))
}

export function looksSecret(text: string): boolean {
  return PEM.test(text) || CREDENTIALS_IN_URL.test(text)
}

/** A copy without secrets: inline PEM, credentials in URLs, and values under keys such as `token`, unless they are paths of files. */
export function redact<T>(value: T): T {
  return redactValue(value, false) as T
}

function redactValue(value: unknown, sensitive: boolean): unknown {
  if (typeof value === 'string') return redactText(value, sensitive)
  if (Array.isArray(value)) return value.map((item) => redactValue(item, sensitive))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, redactValue(item, sensitive || SENSITIVE_KEY.test(key))]),
    )
  }
  return sensitive && typeof value === 'number' ? MASK : value
}

function redactText(text: string, sensitive: boolean): string {
  if (PEM.test(text)) return MASK
  if (sensitive && !FILE_PATH.test(text)) return MASK
  return text.replace(CREDENTIALS_IN_URL, `$1${MASK}@`)
}

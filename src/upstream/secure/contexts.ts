// TLS contexts from files that a service names, made again when a file has changed. A file that can't be used fails the connection that
// needs it: there is no falling back.
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { UpstreamTlsConfig } from '../../config/schema/upstream-tls.ts'

type Files = Pick<UpstreamTlsConfig, 'caCertificates' | 'certificate' | 'key'>

export class FileContext {
  readonly #files: Files
  #context: SecureContext | undefined
  #stamp = ''

  constructor({ caCertificates, certificate, key }: Files) {
    this.#files = { caCertificates, certificate, key }
  }

  /** Throws, naming the file. */
  get(): SecureContext {
    const stamp = stampOf(Object.values(this.#files))
    if (this.#context === undefined || stamp !== this.#stamp) {
      this.#context = this.#make()
      this.#stamp = stamp
    }
    return this.#context
  }

  #make(): SecureContext {
    const { caCertificates, certificate, key } = this.#files
    return createSecureContext({
      ...(caCertificates === undefined ? {} : { ca: read(caCertificates) }),
      ...(certificate === undefined || key === undefined ? {} : { cert: read(certificate), key: read(key) }),
      minVersion: 'TLSv1.2',
    })
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, { cause: error })
  }
}

function stampOf(paths: readonly (string | undefined)[]): string {
  return paths
    .map((path) => {
      const stat = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
      return stat === undefined ? '' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`
    })
    .join(' ')
}

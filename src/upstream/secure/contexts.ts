// TLS contexts from files that a service names, made again when a file has changed. A file that can't be used fails the connection that
// needs it: there is no falling back.
import { statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { UpstreamTlsConfig } from '../../config/schema/upstream-tls.ts'
import { readNamed } from '../../core/read-failure.ts'

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
      ...(caCertificates === undefined ? {} : { ca: readNamed(caCertificates) }),
      ...(certificate === undefined || key === undefined ? {} : { cert: readNamed(certificate), key: readNamed(key) }),
      minVersion: 'TLSv1.2',
    })
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

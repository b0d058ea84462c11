// The certificate that a listener shows, read from mounted files and read again when they change. A broken change leaves the good one.
import { X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { readNamed } from '../core/read-failure.ts'

const LOOK_EVERY_MS = 2000

export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

export class Certificate {
  readonly #files: CertificateFiles
  readonly #cancel: Cancel
  #material: Material
  #stamp: string

  /** Throws, naming the file, when the certificate or its key can't be used. */
  constructor(files: CertificateFiles, clock: Clock, log: Log) {
    this.#files = files
    this.#stamp = stampOf(files)
    this.#material = read(files)
    this.#cancel = clock.every(LOOK_EVERY_MS, () => this.#look(log))
  }

  get context(): SecureContext {
    return this.#material.context
  }

  /** Whether the certificate is one of this name. */
  isFor(name: string): boolean {
    return this.#material.leaf.checkHost(name) !== undefined
  }

  /** Subject and times of the certificate in use, for admin. */
  describe(): { file: string; subject: string; notBefore: string; notAfter: string } {
    const { subject, validFromDate, validToDate } = this.#material.leaf
    return {
      file: this.#files.certificate,
      subject: subject.replaceAll('\n', ', '),
      notBefore: validFromDate.toISOString(),
      notAfter: validToDate.toISOString(),
    }
  }

  close(): void {
    this.#cancel()
  }

  #look(log: Log): void {
    const stamp = stampOf(this.#files)
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.#material = read(this.#files)
      log.info('the certificate has changed', { file: this.#files.certificate })
    } catch (error) {
      log.error('the changed certificate can not be used; the former one stays', { file: this.#files.certificate, error })
    }
  }
}

interface Material {
  readonly context: SecureContext
  readonly leaf: X509Certificate
}

function read({ certificate, key }: CertificateFiles): Material {
  const cert = readNamed(certificate, 'cannot read the certificate')
  const keyPem = readNamed(key, 'cannot read the key')
  try {
    return { context: createSecureContext({ cert, key: keyPem, minVersion: 'TLSv1.2' }), leaf: new X509Certificate(cert) }
  } catch (error) {
    throw new Error(`the certificate ${certificate} and the key ${key} can not be used together: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Files behind symbolic links change by identity, others by time and size. */
function stampOf({ certificate, key }: CertificateFiles): string {
  return [certificate, key]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false })
      return stat === undefined ? 'none' : `${stat.ino}:${stat.mtimeMs}:${stat.size}`
    })
    .join(' ')
}

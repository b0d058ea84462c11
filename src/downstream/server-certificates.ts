// The certificates of one listener of a gateway, chosen by the name that a caller asks for: PEM text of the configuration, or files.
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateConfig } from '../config/schema/gateways.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { Certificate } from './certificate.ts'

interface Shown {
  readonly context: SecureContext
  isFor(name: string): boolean
  close(): void
}

const PEM = '-----BEGIN'

export class ServerCertificates {
  readonly #all: Shown[] = []

  /** Throws in words for the user, which never quote a key. */
  constructor(configs: readonly CertificateConfig[], clock: Clock, log: Log) {
    try {
      for (const config of configs) this.#all.push(isText(config) ? fromText(config) : new Certificate(config, clock, log))
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The first one of the name, else the first one; undefined: there is none to show. */
  context(serverName: string): SecureContext | undefined {
    return (this.#all.find((one) => one.isFor(serverName)) ?? this.#all[0])?.context
  }

  close(): void {
    for (const one of this.#all) one.close()
  }
}

function isText({ certificate, key }: CertificateConfig): boolean {
  return certificate.includes(PEM) || key.includes(PEM)
}

function fromText({ certificate, key }: CertificateConfig): Shown {
  try {
    const leaf = new X509Certificate(certificate)
    const context = createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' })
    return { context, isFor: (name) => leaf.checkHost(name) !== undefined, close: () => {} }
  } catch {
    // what the library says may quote what it was given
    throw new Error('a certificate of a gateway and its key can not be used together')
  }
}

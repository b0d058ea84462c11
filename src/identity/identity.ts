// The identity of this sidecar as both sides of the data path use it: what it shows, whom it believes, and what it has let in. Follows its
// files; a change that can't be used leaves the former one in place.
import type { X509Certificate } from 'node:crypto'
import type { IdentityFiles } from '../config/identity-files.ts'
import { watchConfig } from '../config/watch.ts'
import type { Clock } from '../core/clock.ts'
import type { Closable } from '../core/lifecycle.ts'
import type { Log } from '../core/log.ts'
import { Guard, type Holder } from './guard.ts'
import { type Material, makeMaterial, readIdentityFiles, type TrustDomains } from './material.ts'
import type { Distrust, Refused, Verified } from './trust.ts'

export interface IdentityOptions {
  readonly files: IdentityFiles
  readonly domains: TrustDomains
  readonly clock: Clock
  readonly log: Log
  /** A change of the files was taken, or refused. */
  readonly reloaded: (result: 'success' | 'failure') => void
  /** Open connections were closed. */
  readonly closed: (why: Distrust, count: number) => void
}

/** Certificate and key may be written one after the other, and not every change of the second one is heard: what does not fit together
 *  is looked at once more before it is told. */
const DOUBT_MS = 500

export class Identity implements Closable {
  readonly #options: IdentityOptions
  readonly #watch: Closable
  readonly #guard: Guard
  #material: Material
  #fingerprint: string
  /** What is wrong with the newest change, and since when; it is told once. */
  #doubt: { readonly message: string; readonly sinceMs: number; told: boolean } | undefined

  /** Throws, in words for the user, when the files don't make an identity. */
  constructor(options: IdentityOptions) {
    this.#options = options
    const { files, domains, clock, log } = options
    const reading = readIdentityFiles(files)
    this.#fingerprint = reading.fingerprint
    this.#material = makeMaterial(files, reading, domains, clock.wallMs())
    for (const warning of this.#material.warnings) log.warn(warning)
    this.#guard = new Guard(clock, this.#material.trust, (why, detail, count) => {
      options.closed(why, count)
      log.warn('connections were closed because a certificate is no longer believed', { why, detail, count })
    })
    const paths = [files.certificate, files.key, files.trustBundle, ...Object.values(files.federated)]
    this.#watch = watchConfig(files.crl === undefined ? paths : [...paths, files.crl], clock, () => this.look())
  }

  get material(): Material {
    return this.#material
  }

  /** All names of the own trust domain. */
  get ownDomains(): readonly string[] {
    const { own, aliases } = this.#options.domains
    return [own, ...aliases]
  }

  /** Connections that stand on somebody's certificate now. */
  get held(): number {
    return this.#guard.size
  }

  /** For admin. */
  describe(): { file: string; subject: string; notBefore: string; notAfter: string } {
    const { leaf, own } = this.#material
    return {
      file: this.#options.files.certificate,
      subject: own.uri,
      notBefore: leaf.validFromDate.toISOString(),
      notAfter: leaf.validToDate.toISOString(),
    }
  }

  /** Whether a certificate that TLS has accepted is believed. */
  verify(leaf: X509Certificate): Verified | Refused {
    return this.#material.trust.verify(leaf, this.#options.clock.wallMs())
  }

  /** Tells of an open connection when the certificate of its other end is no longer believed, until what this returns is called. */
  hold(leaf: X509Certificate, verified: Verified, holder: Holder): () => void {
    return this.#guard.hold(leaf, verified, holder)
  }

  /** Looks whether the files have changed. */
  look(): void {
    const { files, domains, clock, log, reloaded } = this.#options
    try {
      const reading = readIdentityFiles(files)
      if (reading.fingerprint === this.#fingerprint) {
        this.#doubt = undefined
        return
      }
      const material = makeMaterial(files, reading, domains, clock.wallMs())
      const renewed = material.leaf.fingerprint256 !== this.#material.leaf.fingerprint256
      this.#fingerprint = reading.fingerprint
      this.#material = material
      this.#doubt = undefined
      for (const warning of material.warnings) log.warn(warning)
      log.info('the identity has changed', { identity: material.own.uri, notAfter: material.leaf.validToDate.toISOString() })
      reloaded('success')
      this.#guard.trust(material.trust)
      if (renewed) this.#guard.renew()
    } catch (error) {
      this.#refuse((error as Error).message)
    }
  }

  /** Becomes responsible for what another identity has let in. */
  takeOver(former: Identity): void {
    this.#guard.takeOver(former.#guard)
  }

  /** There is no identity any more: closes what it has let in. */
  retire(): void {
    this.#guard.distrustAll('there is no identity any more')
    this.close()
  }

  close(): void {
    this.#guard.close()
    void this.#watch.close()
  }

  #refuse(message: string): void {
    const { clock, log, reloaded } = this.#options
    const nowMs = clock.nowMs()
    if (this.#doubt?.message !== message) {
      this.#doubt = { message, sinceMs: nowMs, told: false }
      clock.after(DOUBT_MS, () => this.look())
    }
    if (this.#doubt.told || nowMs - this.#doubt.sinceMs < DOUBT_MS) return
    this.#doubt.told = true
    log.error('the changed identity can not be used; the former one stays', { problem: message })
    reloaded('failure')
  }
}

// The identity that a sidecar has at the moment, through reloads: another one takes over what the former one has let in.

import { identityFiles } from '../config/identity-files.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { Identity } from '../identity/identity.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface IdentitiesDeps {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class Identities {
  readonly #deps: IdentitiesDeps
  #current: Identity | undefined
  #key = ''

  constructor(deps: IdentitiesDeps) {
    this.#deps = deps
  }

  get current(): Identity | undefined {
    return this.#current
  }

  /** Reads the identity that these settings name. Throws, in words for the user, when it can't be used; `use` puts it in place. */
  prepare(settings: Settings): { readonly identity: Identity | undefined; readonly use: () => void; readonly drop: () => void } {
    const { trustDomain, trustDomainAliases } = settings
    const files = settings.identity === undefined ? undefined : identityFiles(settings.identity)
    const key = JSON.stringify([files, trustDomain, trustDomainAliases])
    const former = this.#current
    if (key === this.#key) return { identity: former, use: () => {}, drop: () => {} }
    const next = files === undefined ? undefined : this.#open(files, settings)
    return {
      identity: next,
      use: () => {
        this.#key = key
        this.#current = next
        this.#tellEnd()
        if (former === undefined) return
        if (next === undefined) former.retire()
        else {
          next.takeOver(former)
          former.close()
        }
      },
      drop: () => next?.close(),
    }
  }

  close(): void {
    this.#current?.close()
    this.#current = undefined
    this.#key = ''
  }

  #open(files: NonNullable<ReturnType<typeof identityFiles>>, { trustDomain, trustDomainAliases, workload }: Settings): Identity {
    const { clock, log, metrics } = this.#deps
    const identity = new Identity({
      files,
      domains: { own: trustDomain, aliases: trustDomainAliases },
      clock,
      log,
      reloaded: (result) => {
        metrics.counter('identityReloads', { result }).add()
        this.#tellEnd()
      },
      closed: (reason, count) => metrics.counter('distrusted', { reason }).add(count),
    })
    const { own } = identity.material
    if (own.namespace !== workload.namespace || own.serviceAccount !== workload.serviceAccount) {
      const said = `${workload.namespace}/${workload.serviceAccount}`
      log.warn('the certificate is for another service account than the settings say', { certificate: own.uri, workload: said })
    }
    return identity
  }

  #tellEnd(): void {
    if (this.#current !== undefined) this.#deps.metrics.gauge('identityEnd', {}).set(this.#current.material.notAfterMs / 1000)
  }
}

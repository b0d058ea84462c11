// The documents that the Kubernetes API has for this workload, in the place of files: the same reading, the same compiling.

import type { ConfigFile } from '../../config/files.ts'
import type { DocumentSupply } from '../../config/supply.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Closable } from '../../core/lifecycle.ts'
import type { Log } from '../../core/log.ts'
import { Api } from './api.ts'
import type { Cluster } from './cluster.ts'
import { Reflector, type ReflectorState } from './reflector.ts'
import { type ApiResource, apiResources } from './resources.ts'

export interface KubernetesOptions {
  readonly cluster: Cluster
  /** Of the workload. */
  readonly namespace: string
  readonly clock: Clock
  readonly log: Log
}

/** Policies in it are for all namespaces (Istio's rootNamespace). */
const ROOT_NAMESPACE = 'istio-system'
/** Changes come in bursts, above all in the beginning: wait until they have stopped for so long, but no longer than that. */
const QUIET_MS = 50
const LONGEST_MS = 200
const MAX_BYTES = 256 * 1024 * 1024

export class KubernetesDocuments implements DocumentSupply, Closable {
  readonly #api: Api
  readonly #reflectors: readonly Reflector[]
  readonly #clock: Clock
  readonly #synced = Promise.withResolvers<void>()
  #onChange: () => void = () => {}
  #cancel: Cancel | undefined
  #firstMs = 0

  constructor({ cluster, namespace, clock, log }: KubernetesOptions) {
    this.#api = new Api(cluster)
    this.#clock = clock
    const namespaces = [...new Set([namespace, ROOT_NAMESPACE])]
    this.#reflectors = apiResources().flatMap((resource) =>
      (resource.isLocal ? namespaces : ['']).map((inNamespace) => this.#reflector(resource, inNamespace, log)),
    )
    for (const reflector of this.#reflectors) reflector.start()
  }

  /** Resolves when every resource has been listed, or is known not to be there. */
  get synced(): Promise<void> {
    return this.#synced.promise
  }

  /** By resource, for metrics and messages. */
  get states(): ReadonlyMap<string, { readonly state: ReflectorState; readonly objects: number; readonly problem: string }> {
    return new Map(this.#reflectors.map(({ name, state, objects, problem }) => [name, { state, objects: objects.size, problem }]))
  }

  /** Resources that have not been listed yet, and why. */
  get missing(): string[] {
    return this.#reflectors
      .filter(({ state }) => state === 'starting')
      .map(({ name, problem }) => (problem === '' ? name : `${name}: ${problem}`))
  }

  files(): readonly ConfigFile[] {
    const files: ConfigFile[] = []
    let bytes = 0
    for (const reflector of this.#reflectors) {
      for (const [key, object] of reflector.objects) {
        bytes += object.bytes.length
        files.push({ path: `kubernetes:${reflector.name}/${key}`, bytes: object.bytes, version: object.version })
      }
    }
    if (bytes > MAX_BYTES) throw new Error(`the documents of the Kubernetes API have ${bytes} bytes, more than ${MAX_BYTES}`)
    return files
  }

  watch(onChange: () => void): void {
    this.#onChange = onChange
  }

  async close(): Promise<void> {
    this.#cancel?.()
    this.#onChange = () => {}
    const closed = Promise.all(this.#reflectors.map((reflector) => reflector.close()))
    await this.#api.close()
    await closed
  }

  #reflector(resource: ApiResource, namespace: string, log: Log): Reflector {
    return new Reflector({ api: this.#api, resource, namespace, clock: this.#clock, log, onChange: () => this.#changed() })
  }

  #changed(): void {
    if (this.missing.length === 0) this.#synced.resolve()
    const now = this.#clock.nowMs()
    if (this.#cancel === undefined) this.#firstMs = now
    this.#cancel?.()
    this.#cancel = this.#clock.after(Math.max(0, Math.min(QUIET_MS, this.#firstMs + LONGEST_MS - now)), () => {
      this.#cancel = undefined
      this.#onChange()
    })
  }
}

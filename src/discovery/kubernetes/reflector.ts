// The objects of one resource as the API has them: listed once, then watched; listed anew when the watch has fallen behind. While the API
// is away, what was last known stays.
import type { Clock } from '../../core/clock.ts'
import type { Closable } from '../../core/lifecycle.ts'
import type { Log } from '../../core/log.ts'
import { type Api, ApiError, type ApiObject, type WatchEvent } from './api.ts'
import { type ApiResource, documentOf } from './resources.ts'

export interface ReflectorOptions {
  readonly api: Pick<Api, 'get' | 'list' | 'watch'>
  readonly resource: ApiResource
  /** '' for all namespaces. */
  readonly namespace: string
  readonly clock: Clock
  readonly log: Log
  readonly onChange: () => void
}

export interface Reflected {
  /** JSON of the document. */
  readonly bytes: Buffer
  /** Changes with the object. */
  readonly version: string
}

/** What is known of the resource. `absent`: the cluster does not have it. */
export type ReflectorState = 'starting' | 'synced' | 'behind' | 'absent'

const PAGE = '500'
const GONE = 410
const NOT_FOUND = 404
const FIRST_BACK_OFF_MS = 500
const LONGEST_BACK_OFF_MS = 30_000
/** A resource that is not there may be installed. */
const LOOK_AGAIN_MS = 60_000

export class Reflector implements Closable {
  /** 'namespace/name' → object. */
  readonly objects = new Map<string, Reflected>()
  state: ReflectorState = 'starting'
  /** What last went wrong; '' while all is well. */
  problem = ''
  readonly #options: ReflectorOptions
  readonly #stop = new AbortController()
  #backOffMs = FIRST_BACK_OFF_MS
  #version = ''
  /** Where the watch goes on; '': a list is due. */
  #resourceVersion = ''
  #running: Promise<void> | undefined

  constructor(options: ReflectorOptions) {
    this.#options = options
  }

  get name(): string {
    const { group, plural } = this.#options.resource
    return group === '' ? plural : `${plural}.${group}`
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#list()
        await this.#watch()
      } catch (error) {
        if (!this.#stop.signal.aborted) await this.#failed(error)
      }
    }
  }

  async #list(): Promise<void> {
    const { api, resource } = this.#options
    if (this.#version === '') this.#version = await this.#findVersion()
    const path = this.#path()
    const found = new Map<string, Reflected>()
    let next = ''
    do {
      const page = await api.list(path, { ...resource.query, limit: PAGE, ...(next === '' ? {} : { continue: next }) })
      for (const item of page.items) found.set(keyOf(item), this.#reflect(item))
      this.#resourceVersion = page.resourceVersion
      next = page.next
    } while (next !== '')
    // only now: half a list would be a change that nobody made
    this.objects.clear()
    for (const [key, object] of found) this.objects.set(key, object)
    this.#good('synced')
    this.#options.onChange()
  }

  async #watch(): Promise<void> {
    const { api, resource } = this.#options
    const query = { ...resource.query, resourceVersion: this.#resourceVersion }
    await api.watch(this.#path(), query, this.#stop.signal, (event) => this.#take(event))
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw new ApiError(object.code ?? 0, `the watch ended: ${object.message ?? 'no reason given'}`)
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
    this.#good('synced')
    if (type === 'BOOKMARK') return
    const key = keyOf(object)
    if (type === 'DELETED') this.objects.delete(key)
    else {
      const reflected = this.#reflect(object)
      // heartbeats and the like change nothing that is read here
      if (this.objects.get(key)?.bytes.equals(reflected.bytes) === true) return
      this.objects.set(key, reflected)
    }
    this.#options.onChange()
  }

  /** The best version that both sides know. */
  async #findVersion(): Promise<string> {
    const { api, resource } = this.#options
    if (resource.group === '') return resource.versions[0] as string
    const { versions } = (await api.get(`/apis/${resource.group}`)) as { versions?: { version?: string }[] }
    const served = new Set((versions ?? []).map(({ version }) => version))
    for (const version of resource.versions) {
      if (!served.has(version)) continue
      const { resources } = (await api.get(`/apis/${resource.group}/${version}`)) as { resources?: { name?: string }[] }
      if (resources?.some(({ name }) => name === resource.plural) === true) return version
    }
    throw new ApiError(NOT_FOUND, 'no version that is understood here')
  }

  #path(): string {
    const { resource, namespace } = this.#options
    const root = resource.group === '' ? `/api/${this.#version}` : `/apis/${resource.group}/${this.#version}`
    return `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${resource.plural}`
  }

  #reflect(object: ApiObject): Reflected {
    const text = JSON.stringify(documentOf(object, this.#options.resource, this.#version))
    return { bytes: Buffer.from(text), version: object.metadata.resourceVersion ?? '' }
  }

  #good(state: ReflectorState): void {
    if (this.state === 'behind') this.#options.log.info('the Kubernetes API answers again', { resource: this.name })
    this.state = state
    this.problem = ''
    this.#backOffMs = FIRST_BACK_OFF_MS
  }

  async #failed(error: unknown): Promise<void> {
    const { status, retryAfterMs, message } = error instanceof ApiError ? error : new ApiError(0, String(error))
    if (status === GONE) {
      // not a failure: too much has happened since; the list tells what there is now
      this.#resourceVersion = ''
      return
    }
    if (status === NOT_FOUND) {
      this.#forgetAll()
      await this.#wait(LOOK_AGAIN_MS)
      return
    }
    if (this.problem !== message)
      this.#options.log.warn('the Kubernetes API does not answer; what was known stays', {
        resource: this.name,
        problem: message,
      })
    this.problem = message
    if (this.state !== 'starting') this.state = 'behind'
    const backOffMs = this.#backOffMs * (0.5 + this.#options.clock.random())
    this.#backOffMs = Math.min(this.#backOffMs * 2, LONGEST_BACK_OFF_MS)
    await this.#wait(Math.max(retryAfterMs, backOffMs))
  }

  /** The cluster does not have it, or has it no longer. */
  #forgetAll(): void {
    const had = this.objects.size > 0
    this.objects.clear()
    this.#version = ''
    this.#resourceVersion = ''
    const isNew = this.state === 'starting'
    this.state = 'absent'
    this.problem = ''
    if (had || isNew) this.#options.onChange()
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#stop
      const cancel = this.#options.clock.after(ms, resolve)
      signal.addEventListener('abort', () => (cancel(), resolve()), { once: true })
    })
  }
}

function keyOf({ metadata: { namespace = '', name } }: ApiObject): string {
  return `${namespace}/${name}`
}

// Services by every name that a caller may use for them.
import { AuthorityCache, HostTable, type Scheme, splitAuthority } from './hosts.ts'

/** What names a service. */
export interface ServiceKey {
  readonly name: string
  readonly namespace: string
  readonly port: number
  /** Further names, exact or `*.suffix`. */
  readonly hosts: readonly string[]
}

const CLUSTER_SUFFIX = 'svc.cluster.local'

/** The names that Kubernetes DNS gives a service, without port; its bare name only means it in its own namespace. */
export function dnsNames(name: string, namespace: string, ownNamespace: string): string[] {
  const names = [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.${CLUSTER_SUFFIX}`]
  return namespace === ownNamespace ? [name, ...names] : names
}

/** All names of a service, each with and without its port. */
export function serviceNames(name: string, namespace: string, port: number, ownNamespace: string): string[] {
  return dnsNames(name, namespace, ownNamespace).flatMap((host) => [host, `${host}:${port}`])
}

/** What one host stands for. */
interface Named<V> {
  readonly ports: Map<string, V>
  /** The host and the others that mean the same. */
  readonly names: readonly string[]
}

/**
 * Finds a service by a caller's Host or by a reference in configuration. With a port, exactly that port of the service is meant.
 * Without one: port 80 (https: 443) if it has that, else its only port, else nothing: a guess between several would be wrong in silence.
 */
export class ServiceIndex<V> {
  readonly #hosts = new HostTable<Named<V>>()
  readonly #cache: AuthorityCache<V | null>

  constructor(services: Iterable<readonly [ServiceKey, V]>, ownNamespace: string) {
    const all = [...services]
    for (const [key, value] of all) {
      const names = dnsNames(key.name, key.namespace, ownNamespace)
      for (const name of names) this.#put(name, key.port, value, names)
    }
    // after all own names: a further name never takes over what another service is called
    for (const [key, value] of all) for (const host of key.hosts) this.#put(host, key.port, value, [host])
    this.#cache = new AuthorityCache(this.#hosts.size, (authority, scheme) => this.#find(authority, scheme))
  }

  get(authority: string, scheme: Scheme = 'http'): V | undefined {
    return this.#cache.get(authority, scheme) ?? undefined
  }

  /** Every port of a service, or the one that is named. */
  every(authority: string): readonly V[] {
    const { host, port } = splitAuthority(authority)
    const ports = this.#hosts.at(host)?.ports
    if (ports === undefined) return []
    const named = ports.get(port)
    return port === '' ? [...ports.values()] : named === undefined ? [] : [named]
  }

  /**
   * All hosts that mean the same as this one: a route for one name of a service is for all its names. A host that is no service's
   * stands for itself.
   */
  aliases(host: string): readonly string[] {
    const { host: name, port } = splitAuthority(host)
    const names = this.#hosts.at(name)?.names
    if (names === undefined) return [host]
    return port === '' ? names : names.map((alias) => `${alias}:${port}`)
  }

  #put(name: string, port: number, value: V, names: readonly string[]): void {
    const { host, port: named } = splitAuthority(name)
    const entry = this.#hosts.at(host) ?? { ports: new Map<string, V>(), names }
    const key = named === '' ? String(port) : named
    if (!entry.ports.has(key)) entry.ports.set(key, value)
    this.#hosts.set(host, entry)
  }

  #find(authority: string, scheme: Scheme): V | null {
    const { host, port } = splitAuthority(authority)
    const ports = this.#hosts.all(host, scheme)[0]?.ports
    if (ports === undefined) return null
    if (port !== '') return ports.get(port) ?? null
    const usual = ports.get(scheme === 'https' ? '443' : '80')
    if (usual !== undefined) return usual
    return ports.size === 1 ? (ports.values().next().value ?? null) : null
  }
}

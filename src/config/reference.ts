// How documents name a service: by any name that callers may use for it, with `:port` where it has several.
import { splitHostPort } from '../core/address.ts'

export interface Referable {
  readonly name: string
  readonly namespace: string
  readonly port: number
  readonly hosts: readonly string[]
}

/** What a reference means, or why it means nothing. */
export type Resolution =
  | { readonly kind: 'found' }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'no-such-port'; readonly ports: readonly number[] }
  | { readonly kind: 'several-ports'; readonly ports: readonly number[] }

/** Where several ports are to choose from, none named means this one. */
const USUAL_PORT = 80

export class References {
  readonly #ports = new Map<string, Set<number>>()
  readonly #canonical = new Map<string, string>()

  constructor(services: Iterable<Referable>, ownNamespace: string) {
    for (const service of services) {
      for (const host of [...dnsNames(service, ownNamespace), ...service.hosts.map((name) => name.toLowerCase())]) {
        const ports = this.#ports.get(host) ?? new Set()
        this.#ports.set(host, ports.add(service.port))
      }
      for (const host of dnsNames(service, ownNamespace)) this.#canonical.set(host, `${service.name}.${service.namespace}`)
    }
  }

  /** Every name.namespace there is. */
  get names(): string[] {
    return [...new Set(this.#canonical.values())]
  }

  resolve(text: string): Resolution {
    const split = splitHostPort(text)
    if (split === undefined || split.host === '') return { kind: 'malformed' }
    const known = this.#ports.get(split.host.toLowerCase())
    if (known === undefined) return { kind: 'unknown' }
    const ports = [...known].sort((a, b) => a - b)
    if (split.port !== undefined) return known.has(split.port) ? { kind: 'found' } : { kind: 'no-such-port', ports }
    return ports.length === 1 || known.has(USUAL_PORT) ? { kind: 'found' } : { kind: 'several-ports', ports }
  }

  /** The same text for all names of one service; any other host in lower case. */
  canonicalHost(host: string): string {
    const lower = host.toLowerCase()
    const split = splitHostPort(lower)
    const name = split === undefined ? undefined : this.#canonical.get(split.host)
    return name === undefined ? lower : `${name}${split?.port === undefined ? '' : `:${split.port}`}`
  }
}

/** name.namespace:port */
export function formatReference({ name, namespace, port }: Omit<Referable, 'hosts'>): string {
  return `${name}.${namespace}:${port}`
}

function dnsNames({ name, namespace }: Referable, ownNamespace: string): string[] {
  const full = `${name}.${namespace}`
  const names = [full, `${full}.svc`, `${full}.svc.cluster.local`]
  return namespace === ownNamespace ? [name, ...names] : names
}

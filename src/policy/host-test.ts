// A test of the host that a request names.
// hot path: bench/micro/policy/decide.ts
import type { PolicyInput } from './input.ts'
import type { Members } from './members.ts'
import type { Findable, Test } from './test.ts'

interface HostWish {
  readonly wanted: boolean
  /** Without its port and its final dot as well. */
  readonly anySpelling: boolean
}

/** An application takes `Host: a`, `a:80` and `a.` for the same: what is denied or left out is so in each spelling. */
export class HostTest implements Test {
  readonly field: string
  readonly http = true
  readonly found: Findable | null
  readonly #hosts: Members
  readonly #wish: HostWish

  /** `hosts` in lower case. */
  constructor(field: string, hosts: Members, wish: HostWish) {
    this.field = field
    const { keys } = hosts
    this.found = wish.wanted && keys !== null ? { dimension: 'host', keys, read: ({ host }) => [host, bareHost(host)] } : null
    this.#hosts = hosts
    this.#wish = wish
  }

  holds({ host }: PolicyInput): boolean {
    const { wanted, anySpelling } = this.#wish
    const found = this.#hosts.has(host) || (anySpelling && this.#hosts.has(bareHost(host)))
    return found === wanted
  }
}

/** Without port and without the dot that ends a full name. */
function bareHost(host: string): string {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  const name = colon < 0 ? host : host.slice(0, colon)
  return name.endsWith('.') ? name.slice(0, -1) : name
}

// What this machine says about names before and besides DNS: /etc/hosts, and the search domains of /etc/resolv.conf, without which
// `catalog.shop` means something else inside a Kubernetes Pod than outside. Read again when the files change.
import { readFile, stat } from 'node:fs/promises'
import { canonicalIp, isIp } from '../core/address.ts'

export interface SystemNamePaths {
  readonly hosts: string
  readonly resolvConf: string
}

const PATHS: SystemNamePaths = { hosts: '/etc/hosts', resolvConf: '/etc/resolv.conf' }

export class SystemNames {
  readonly #hosts: ParsedFile<ReadonlyMap<string, readonly string[]>>
  readonly #search: ParsedFile<SearchRules>

  constructor(paths: SystemNamePaths = PATHS) {
    this.#hosts = new ParsedFile(paths.hosts, parseHosts)
    this.#search = new ParsedFile(paths.resolvConf, parseSearch)
  }

  /** Addresses that the hosts file gives to `name`. `localhost` is never left to others (RFC 6761 §6.3). */
  async hostsEntry(name: string): Promise<readonly string[]> {
    const plain = withoutDot(name).toLowerCase()
    const addresses = (await this.#hosts.get()).get(plain)
    if (addresses !== undefined) return addresses
    return plain === 'localhost' || plain.endsWith('.localhost') ? ['127.0.0.1', '::1'] : []
  }

  /** Full names that `name` may stand for, in the order in which resolv.conf(5) tries them. */
  async candidates(name: string): Promise<readonly string[]> {
    if (name.endsWith('.')) return [withoutDot(name)]
    const { domains, dots } = await this.#search.get()
    const searched = domains.map((domain) => `${name}.${domain}`)
    return name.split('.').length > dots ? [name, ...searched] : [...searched, name]
  }
}

interface SearchRules {
  readonly domains: readonly string[]
  /** A name with at least so many dots is tried as it is first. */
  readonly dots: number
}

function parseSearch(text: string): SearchRules {
  let domains: readonly string[] = []
  let dots = 1
  for (const [keyword, ...values] of fieldsOfLines(text)) {
    // The last of them wins.
    if (keyword === 'search' || keyword === 'domain') domains = values.map(withoutDot).filter((domain) => domain !== '')
    if (keyword !== 'options') continue
    for (const value of values) if (/^ndots:\d+$/.test(value)) dots = Math.min(15, Number(value.slice('ndots:'.length)))
  }
  return { domains, dots }
}

function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>()
  for (const [address = '', ...names] of fieldsOfLines(text)) {
    if (!isIp(address)) continue
    for (const name of names.map((each) => each.toLowerCase())) {
      const addresses = hosts.get(name) ?? []
      if (!addresses.includes(canonicalIp(address))) addresses.push(canonicalIp(address))
      hosts.set(name, addresses)
    }
  }
  return hosts
}

function fieldsOfLines(text: string): string[][] {
  const lines = text.split('\n').map((line) => line.replace(/[#;].*/, '').trim())
  return lines.filter((line) => line !== '').map((line) => line.split(/\s+/))
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/** A file as it was understood, for as long as it stays the same. One that can't be read counts as empty. */
class ParsedFile<T> {
  readonly #path: string
  readonly #parse: (text: string) => T
  #stamp = ''
  #parsed: T

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path
    this.#parse = parse
    this.#parsed = parse('')
  }

  async get(): Promise<T> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path)
      const stamp = `${mtimeMs} ${size} ${ino}`
      if (stamp === this.#stamp) return this.#parsed
      this.#parsed = this.#parse(await readFile(this.#path, 'utf8'))
      this.#stamp = stamp
    } catch {
      this.#parsed = this.#parse('')
      this.#stamp = ''
    }
    return this.#parsed
  }
}

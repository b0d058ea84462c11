// From a name to endpoints: hosts file, search domains, A and AAAA, and SRV with the addresses of its targets.
import { networkInterfaces } from 'node:os'
import type { DnsConfig, EndpointConfig } from '../config/schema/services.ts'
import { canonicalIp, formatHostPort, isIp } from '../core/address.ts'
import type { Answers } from './answers.ts'
import { DnsFailure, type Queries, type SrvRecord } from './queries.ts'
import type { SystemNames } from './system-names.ts'

export interface ResolveDeps {
  readonly answers: Answers
  readonly queries: Queries
  readonly names: SystemNames
  /** Whether this machine reaches others by IPv6, by IPv4. */
  readonly families: () => Families
}

export interface Families {
  readonly ipv4: boolean
  readonly ipv6: boolean
}

/** Hosts file: how long until it is looked at again. */
const HOSTS_TTL_MS = 5000
/** Makes room for shares of an SRV weight, whole numbers all. */
const WEIGHT_SCALE = 100

/** Groups of endpoints, the preferred one first; none is empty. Rejects with a DnsFailure when nobody knows. */
export async function resolveEndpoints(dns: DnsConfig, port: number, deps: ResolveDeps): Promise<EndpointConfig[][]> {
  if (dns.type === 'srv') return resolveServices(dns.name, deps)
  const addresses = await resolveAddresses(dns.name, false, deps)
  const group = addresses.map((ip) => endpointAt(ip, dns.port ?? port, 1))
  return group.length > 0 ? [inOrder(group)] : []
}

/** `absolute`: as DNS itself spelled it, no search domain applies. */
async function resolveAddresses(name: string, absolute: boolean, deps: ResolveDeps): Promise<readonly string[]> {
  const { answers, names, queries } = deps
  if (isIp(name)) {
    answers.hold(Infinity)
    return [canonicalIp(name)]
  }
  const inFile = await names.hostsEntry(name)
  if (inFile.length > 0) {
    answers.hold(HOSTS_TTL_MS)
    return usable(inFile, deps.families())
  }
  let failure: DnsFailure | undefined
  for (const candidate of absolute ? [name] : await names.candidates(name)) {
    try {
      const found = await askFamilies(candidate, deps)
      if (found.length > 0) return found
    } catch (error) {
      // Not on to the next: it could be another's name. The system may know better.
      failure = asFailure(error)
      break
    }
  }
  try {
    const found = await answers.ask(`system ${name}`, () => queries.system(name))
    if (found.length > 0 || failure === undefined) return usable(found.map(canonicalIp), deps.families())
  } catch (error) {
    throw failure ?? error
  }
  throw failure
}

/** Only the family that this machine reaches, where that gives something; else both. */
async function askFamilies(name: string, deps: ResolveDeps): Promise<readonly string[]> {
  const { ipv4, ipv6 } = deps.families()
  if (ipv4 === ipv6) return ask(name, ['A', 'AAAA'], deps)
  const found = await ask(name, [ipv4 ? 'A' : 'AAAA'], deps)
  return found.length > 0 ? found : ask(name, [ipv4 ? 'AAAA' : 'A'], deps)
}

/** Rejects only when nothing was found and one of them could not be asked. */
async function ask(name: string, kinds: readonly ('A' | 'AAAA')[], deps: ResolveDeps): Promise<readonly string[]> {
  const { answers, queries } = deps
  const outcomes = await Promise.allSettled(
    kinds.map((kind) => answers.ask(`${kind} ${name}`, () => queries.addresses(kind, name))),
  )
  return foundIn(outcomes, answers).flat().map(canonicalIp)
}

/** What some of several questions found; a failure of others is noted, or thrown when nothing was found at all. */
function foundIn<T>(outcomes: readonly PromiseSettledResult<readonly T[]>[], answers: Answers): (readonly T[])[] {
  const found = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return found
  if (found.every((records) => records.length === 0)) throw failed.reason
  answers.note(asFailure(failed.reason))
  return found
}

/**
 * Without those of a family that this machine can't reach, as getaddrinfo(3) with AI_ADDRCONFIG: every second attempt would fail.
 * All of them when none would be left.
 */
function usable(ips: readonly string[], { ipv4, ipv6 }: Families): readonly string[] {
  const reachable = ips.filter((ip) => isLoopback(ip) || (ip.includes(':') ? ipv6 : ipv4))
  return reachable.length > 0 ? reachable : ips
}

function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.')
}

export function machineFamilies(): Families {
  const ips = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const outward = ips.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  return { ipv4: outward.some(({ family }) => family === 'IPv4'), ipv6: outward.some(({ family }) => family === 'IPv6') }
}

async function resolveServices(name: string, deps: ResolveDeps): Promise<EndpointConfig[][]> {
  const records = await findServices(name, deps)
  const outcomes = await Promise.allSettled(records.map(({ target }) => resolveAddresses(target, true, deps)))
  const found = foundIn(outcomes, deps.answers)
  const byPriority = new Map<number, Located[]>()
  for (const [index, record] of records.entries()) {
    const ips = found[index] ?? []
    if (ips.length === 0) continue
    const group = byPriority.get(record.priority) ?? []
    group.push({ record, ips })
    byPriority.set(record.priority, group)
  }
  const priorities = [...byPriority.keys()].sort((a, b) => a - b)
  return priorities.map((priority) => endpointsOf(byPriority.get(priority) as Located[]))
}

async function findServices(name: string, { answers, names, queries }: ResolveDeps): Promise<readonly SrvRecord[]> {
  for (const candidate of await names.candidates(name)) {
    const records = await answers.ask(`SRV ${candidate}`, () => queries.services(candidate))
    if (records.length > 0) return records
  }
  return []
}

/** An SRV record and where its target is. */
interface Located {
  readonly record: SrvRecord
  readonly ips: readonly string[]
}

/**
 * Weights as they stand, where that is exact. Scaled where a weight of 0 is among others, which is to get very little (RFC 2782), or
 * where a target with several addresses has to divide its share.
 */
function endpointsOf(group: readonly Located[]): EndpointConfig[] {
  const weights = group.map(({ record }) => record.weight)
  const someZero = weights.includes(0) && weights.some((weight) => weight > 0)
  const uneven = group.some(({ ips }) => ips.length !== group[0]?.ips.length)
  const endpoints = group.flatMap(({ record, ips }) => {
    const weight = someZero || uneven ? Math.round((record.weight * WEIGHT_SCALE) / ips.length) : record.weight
    return ips.map((ip) => endpointAt(ip, record.port, Math.max(1, weight)))
  })
  return inOrder(endpoints)
}

/** Each address once, and always in the same order: servers turn their answers round from one to the next. */
function inOrder(endpoints: readonly EndpointConfig[]): EndpointConfig[] {
  const byAddress = new Map(endpoints.map((endpoint) => [endpoint.address, endpoint]))
  return [...byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
}

function endpointAt(ip: string, port: number, weight: number): EndpointConfig {
  return { address: formatHostPort(ip, port), weight, labels: {} }
}

function asFailure(error: unknown): DnsFailure {
  if (error instanceof DnsFailure) return error
  throw error
}

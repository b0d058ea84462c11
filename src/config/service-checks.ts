// Checks of services, and of what refers to them.
import { parseAddress } from '../core/address.ts'
import type { Draft, Located } from './draft.ts'
import { nearest } from './nearest.ts'
import type { Place, Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import { findServices, formatReference, parseReference } from './reference.ts'
import type { ServiceConfig } from './schema.ts'

export function checkServices(draft: Draft, problems: Problems): void {
  const seen = new Map<string, Located<ServiceConfig>>()
  for (const service of draft.services) {
    const reference = formatReference(service.value)
    const first = seen.get(reference)
    if (first === undefined) seen.set(reference, service)
    else {
      const where = `first as ${first.label} at ${formatPlace(first.at(['name']))}`
      problems.error(service.at(['name']), `${service.label}: the service ${reference} is there twice, ${where}`)
    }
  }
  for (const [index] of draft.settings.value.services.entries())
    checkNative(draft.services[index] as Located<ServiceConfig>, problems)
}

/** Says what a reference misses; true when it means exactly one service. */
export function checkReference(draft: Draft, text: string, from: { place: Place; name: string }, problems: Problems): boolean {
  const all = draft.services.map(({ value }) => value)
  const reference = parseReference(text, draft.settings.value.workload.namespace)
  if (reference === undefined) {
    problems.error(from.place, `${from.name}: expected a service such as "catalog.shop" or "catalog.shop:80", got ${quote(text)}`)
    return false
  }
  const found = findServices(all, reference)
  // the same service twice is said elsewhere
  if (new Set(found.map(({ port }) => port)).size === 1) return true
  if (found.length > 1) {
    const ports = portsOf(found)
    problems.error(from.place, `${from.name}: the service ${quote(text)} has several ports`, `add one of them: ${ports}`)
    return false
  }
  const otherPorts = findServices(all, { ...reference, port: undefined })
  if (otherPorts.length > 0) {
    const ports = portsOf(otherPorts)
    problems.error(from.place, `${from.name}: the service ${quote(text)} has no port ${reference.port}`, `it has ${ports}`)
    return false
  }
  const guess = nearest(
    `${reference.name}.${reference.namespace}`,
    all.map(({ name, namespace }) => `${name}.${namespace}`),
  )
  const hint =
    guess === undefined
      ? `names without a namespace mean ${draft.settings.value.workload.namespace}`
      : `did you mean ${quote(guess)}?`
  problems.error(from.place, `${from.name}: there is no service ${quote(text)}`, hint)
  return false
}

function checkNative({ value: service, label, at }: Located<ServiceConfig>, problems: Problems): void {
  if (service.endpoints.length === 0 && service.dns === undefined) {
    problems.warning(at([]), `${label}: the service ${formatReference(service)} has no endpoints`, 'add endpoints or dns')
  }
  if (service.dns !== undefined && service.dns.minTtl > service.dns.maxTtl) {
    problems.error(at(['dns', 'minTtl']), `${label}.dns: minTtl is longer than maxTtl`)
  }
  const seen = new Set<string>()
  for (const [index, { address }] of service.endpoints.entries()) {
    const name = `${label}.endpoints[${index}].address`
    const parsed = parseAddress(address)
    if (parsed?.kind === 'tcp' && (parsed.port === 0 || parsed.host === '::')) {
      problems.error(
        at(['endpoints', index, 'address']),
        `${name}: nothing can be reached at ${address}`,
        'an endpoint needs a host and a port',
      )
    }
    if (seen.has(address))
      problems.error(at(['endpoints', index, 'address']), `${name}: ${address} is there twice`, 'use weight for a larger share')
    seen.add(address)
  }
}

function portsOf(services: readonly ServiceConfig[]): string {
  return [...new Set(services.map(({ port }) => port))].join(', ')
}

// Checks of services, and of what refers to them.
import { parseAddress } from '../core/address.ts'
import { checkBalancing } from './balance-checks.ts'
import type { Draft, Located } from './draft.ts'
import { nearest } from './nearest.ts'
import type { Path, Place, Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import { formatReference } from './reference.ts'
import type { ServiceConfig } from './schema/services.ts'

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
    checkNative(draft, draft.services[index] as Located<ServiceConfig>, problems)
}

/** Says why a reference means no service. */
export function checkReference(draft: Draft, text: string, from: { place: Place; name: string }, problems: Problems): void {
  const resolution = draft.references.resolve(text)
  const subject = `${from.name}: the service ${quote(text)}`
  switch (resolution.kind) {
    case 'found':
      return
    case 'malformed':
      return problems.error(
        from.place,
        `${from.name}: expected a service such as "catalog.shop" or "catalog.shop:80", got ${quote(text)}`,
      )
    case 'several-ports':
      return problems.error(from.place, `${subject} has several ports`, `add one of them: ${resolution.ports.join(', ')}`)
    case 'no-such-port':
      return problems.error(from.place, `${subject} has no such port`, `it has ${resolution.ports.join(', ')}`)
    case 'unknown': {
      const own = draft.settings.value.workload.namespace
      const guess = nearestService(text, own, draft.references.names)
      const hint = guess === undefined ? `a name without a namespace means one in ${own}` : `did you mean ${quote(guess)}?`
      return problems.error(from.place, `${from.name}: there is no service ${quote(text)}`, hint)
    }
  }
}

function nearestService(text: string, ownNamespace: string, names: readonly string[]): string | undefined {
  const [host] = text.split(':', 1)
  return nearest(host?.includes('.') ? host : `${host}.${ownNamespace}`, names)
}

function checkNative(draft: Draft, located: Located<ServiceConfig>, problems: Problems): void {
  const { value: service, label } = located
  const at = (path: Path) => located.at(path)
  if (service.endpoints.length === 0 && service.dns === undefined && !service.passthrough) {
    problems.warning(at([]), `${label}: the service ${formatReference(service)} has no endpoints`, 'add endpoints or dns')
  }
  if (service.dns !== undefined && service.dns.minTtl > service.dns.maxTtl) {
    problems.error(at(['dns', 'minTtl']), `${label}.dns: minTtl is longer than maxTtl`)
  }
  checkTls(draft, located, problems)
  const { workload } = draft.settings.value
  checkBalancing(located, workload.zone ?? workload.labels['topology.kubernetes.io/zone'] ?? '', problems)
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

function checkTls({ settings }: Draft, { value: { tls }, label, at }: Located<ServiceConfig>, problems: Problems): void {
  const error = (key: string, message: string, hint?: string) =>
    problems.error(at(['tls', key]), `${label}.tls.${key}: ${message}`, hint)
  if (tls.mode === 'mesh' && settings.value.identity === undefined)
    error('mode', 'mutual TLS between sidecars needs an identity', 'add identity')
  if (tls.mode === 'mutual' && (tls.certificate === undefined || tls.key === undefined))
    error('mode', 'it takes a certificate and a key', 'mesh takes those of identity')
  if (tls.mode !== 'mutual' && (tls.certificate ?? tls.key) !== undefined)
    error(tls.certificate === undefined ? 'key' : 'certificate', `it is not used with mode ${tls.mode}`, 'mode: mutual uses it')
  if (tls.caCertificates !== undefined && tls.mode !== 'simple' && tls.mode !== 'mutual')
    error('caCertificates', `it is not used with mode ${tls.mode}`)
}

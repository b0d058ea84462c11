// Checks of how a service balances and breaks: what contradicts itself, and what could never have an effect.
import type { Located } from './draft.ts'
import { type Path, type Problems, quote } from './problem.ts'
import type { ServiceConfig } from './schema/services.ts'

type Parts = Pick<ServiceConfig, 'balance' | 'hash' | 'slowStart' | 'outlierDetection'>

/** What the schema fills in, which may be less than a long `baseEjection`. */
const DEFAULT_MAX_EJECTION_MS = 300_000

export function checkBalancing({ value: service, label, at }: Located<ServiceConfig>, zone: string, problems: Problems): void {
  const report = (path: Path, message: string): void => problems.error(at(path), `${label}: ${message}`)
  checkParts(service, (path, message) => report(path, message))
  const names = new Set<string>()
  for (const [index, { name, overrides }] of service.subsets.entries()) {
    if (names.has(name)) report(['subsets', index, 'name'], `the subset ${quote(name)} is there twice`)
    names.add(name)
    const own = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
    // what it takes over from the service may be of no use to it
    checkParts({ ...service, ...own }, (path, message) => {
      if (String(path[0]) in own) report(['subsets', index, 'overrides', ...path], message)
    })
  }
  if (service.locality.preferZone && zone === '') {
    problems.warning(
      at(['locality', 'preferZone']),
      `${label}: preferZone has no effect: the zone of the workload is not known`,
      'set workload.zone',
    )
  }
}

function checkParts({ balance, hash, slowStart, outlierDetection }: Parts, report: (path: Path, message: string) => void): void {
  const hashes = balance === 'ring_hash' || balance === 'maglev'
  if (hash !== undefined && !hashes) report(['hash'], `hash has no effect with balance ${balance}: ring_hash and maglev use it`)
  if (slowStart !== undefined && balance !== 'round_robin' && balance !== 'least_request') {
    report(['slowStart'], `slowStart does not go with balance ${balance}: round_robin and least_request have it`)
  }
  if (outlierDetection === undefined) return
  const { baseEjection, maxEjection } = outlierDetection
  if (maxEjection < baseEjection && maxEjection !== DEFAULT_MAX_EJECTION_MS) {
    report(['outlierDetection', 'maxEjection'], 'outlierDetection.maxEjection is shorter than baseEjection')
  }
}

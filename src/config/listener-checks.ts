// Checks of addresses that are listened on: each once, and none that leads back to itself.
import type { Address } from '../core/address.ts'
import { canonicalIp, parseAddress } from '../core/address.ts'
import type { Draft } from './draft.ts'
import type { Path, Problems } from './problem.ts'
import { formatPath, formatPlace } from './problem.ts'
import { checkReference } from './service-checks.ts'

interface Listening {
  readonly path: Path
  readonly text: string
  readonly address: Address
}

const ANY = new Set(['0.0.0.0', '::'])

export function checkListeners(draft: Draft, problems: Problems): void {
  const { settings } = draft
  const seen: Listening[] = []
  for (const listening of allListening(draft)) {
    const other = seen.find((candidate) => collides(candidate.address, listening.address))
    seen.push(listening)
    if (other === undefined) continue
    const name = formatPath(listening.path)
    const first = `${formatPath(other.path)} at ${formatPlace(settings.at(other.path))}`
    const how =
      other.text === listening.text
        ? `${listening.text} is already`
        : `${listening.text} overlaps ${other.text}, which is already`
    problems.error(settings.at(listening.path), `${name}: ${how} listened on by ${first}`)
  }
  const { inbound, outbound, gateway } = settings.value.listeners
  // resources without settings are for `explain`
  if (inbound.length + outbound.length + gateway.length === 0 && draft.hasSettings) {
    problems.warning(
      settings.at(['listeners']),
      'there is no listener: no traffic will be carried',
      'add listeners.inbound, listeners.outbound or listeners.gateway',
    )
  }
  checkApplications(draft, seen, problems)
  for (const [index, { service }] of outbound.entries()) {
    const path = ['listeners', 'outbound', index, 'service']
    if (service !== undefined) checkReference(draft, service, { place: settings.at(path), name: formatPath(path) }, problems)
  }
}

/** An application address that a listener of ours owns would send every connection back to us. */
function checkApplications({ settings }: Draft, listening: readonly Listening[], problems: Problems): void {
  for (const [index, { app, captured }] of settings.value.listeners.inbound.entries()) {
    const path = ['listeners', 'inbound', index, 'app']
    if (app === undefined && !captured)
      problems.error(
        settings.at(path),
        `${formatPath(path)}: missing; without it only captured connections have somewhere to go`,
        'say where the application listens, or captured: true',
      )
    const address = app === undefined ? undefined : parseAddress(app)
    const own = listening.find((candidate) => address !== undefined && reaches(address, candidate.address))
    if (own !== undefined) {
      problems.error(
        settings.at(path),
        `${formatPath(path)}: ${app} is this sidecar's own ${formatPath(own.path)}; connections would come back for ever`,
      )
    }
  }
}

function allListening({ settings }: Draft): Listening[] {
  const { listeners, telemetry, admin } = settings.value
  const all: [Path, string | undefined][] = [
    ...listeners.inbound.map(({ listen }, index): [Path, string] => [['listeners', 'inbound', index, 'listen'], listen]),
    ...listeners.outbound.map(({ listen }, index): [Path, string] => [['listeners', 'outbound', index, 'listen'], listen]),
    ...listeners.gateway.map(({ listen }, index): [Path, string] => [['listeners', 'gateway', index, 'listen'], listen]),
    [['telemetry', 'listen'], telemetry?.listen],
    [['admin', 'listen'], admin?.listen],
  ]
  return all.flatMap(([path, text]) => {
    const address = text === undefined ? undefined : parseAddress(text)
    return text === undefined || address === undefined ? [] : [{ path, text, address }]
  })
}

/** Whether the kernel would refuse the second one. Port 0 asks for any free port. */
function collides(a: Address, b: Address): boolean {
  if (a.kind === 'unix' || b.kind === 'unix')
    return a.kind === b.kind && (a as { path: string }).path === (b as { path: string }).path
  if (a.port !== b.port || a.port === 0) return false
  const [hostA, hostB] = [canonicalHost(a.host), canonicalHost(b.host)]
  return hostA === hostB || overlaps(hostA, hostB) || overlaps(hostB, hostA)
}

/** '::' takes IPv4 as well. */
function overlaps(wide: string, other: string): boolean {
  return wide === '::' || (wide === '0.0.0.0' && !other.includes(':'))
}

function reaches(address: Address, listening: Address): boolean {
  if (address.kind === 'unix' || listening.kind === 'unix') return collides(address, listening)
  const loopback = ['127.0.0.1', '::1', ...ANY].includes(canonicalHost(address.host))
  return collides(address, listening) && (loopback || canonicalHost(address.host) === canonicalHost(listening.host))
}

function canonicalHost(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : canonicalIp(host)
}

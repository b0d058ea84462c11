// Checks of gateways: their names, their listeners, and whether what refers to them means anything.
import type { Draft, Located } from './draft.ts'
import { didYouMean } from './nearest.ts'
import type { Problems } from './problem.ts'
import { formatPlace, quote } from './problem.ts'
import type { GatewayConfig } from './schema/gateways.ts'

/** `mesh` is no gateway: traffic in the mesh. */
const MESH = 'mesh'

export function checkGateways(draft: Draft, problems: Problems): void {
  const byName = new Map<string, Located<GatewayConfig>>()
  for (const gateway of draft.gateways) {
    const name = nameOf(gateway.value)
    const first = byName.get(name)
    if (first === undefined) byName.set(name, gateway)
    else
      problems.error(
        gateway.at(['name']),
        `${gateway.label}: the gateway ${name} is there twice, first as ${first.label} at ${formatPlace(first.at(['name']))}`,
      )
  }
  for (const gateway of draft.gateways.slice(0, draft.settings.value.gateways.length)) checkNative(gateway, problems)
  checkListening(draft, byName, problems)
  checkRoutes(draft, byName, problems)
}

function checkNative({ value, label, at }: Located<GatewayConfig>, problems: Problems): void {
  const seen = new Map<string, number>()
  for (const [index, { name, port, protocol, host, tls }] of value.listeners.entries()) {
    const wrong = (key: string, message: string): void =>
      problems.error(at(['listeners', index, key]), `${label}.listeners[${index}]: ${message}`)
    const first = seen.get(name)
    if (first !== undefined) wrong('name', `the listener ${quote(name)} is there twice`)
    seen.set(name, index)
    if (protocol === 'https' && tls === undefined) wrong('protocol', 'https needs tls with certificates')
    if ((protocol === 'http' || protocol === 'tcp') && tls !== undefined)
      wrong('tls', `${protocol} has no TLS; did you mean https or tls?`)
    if (protocol === 'tcp' && host !== undefined) wrong('host', 'tcp tells nothing of a host')
    for (const [other, earlier] of value.listeners.slice(0, index).entries()) {
      if (earlier.port !== port) continue
      const family = familyOf(protocol)
      if (familyOf(earlier.protocol) !== family || family === 'tcp' || earlier.host?.toLowerCase() === host?.toLowerCase())
        wrong('port', `what comes in here cannot be told from what is for listeners[${other}]`)
    }
  }
}

function checkListening({ settings }: Draft, byName: ReadonlyMap<string, Located<GatewayConfig>>, problems: Problems): void {
  for (const [index, { gateway, port }] of settings.value.listeners.gateway.entries()) {
    const path = ['listeners', 'gateway', index]
    const label = `listeners.gateway[${index}]`
    const found = byName.get(gateway)?.value
    if (found === undefined) {
      // a Gateway that is applied later is no reason not to start
      const hint = didYouMean(gateway, [...byName.keys()])
      problems.warning(
        settings.at([...path, 'gateway']),
        `${label}.gateway: there is no gateway ${quote(gateway)}; nothing is carried`,
        hint,
      )
    } else if (!found.listeners.some((listener) => listener.port === port)) {
      const ports = [...new Set(found.listeners.map((listener) => listener.port))].join(', ')
      problems.warning(
        settings.at([...path, 'port']),
        `${label}.port: the gateway ${gateway} listens on no port ${port}; nothing is carried`,
        `it has ${ports}`,
      )
    }
  }
}

/** Those of resources were checked where they were compiled. */
function checkRoutes(draft: Draft, byName: ReadonlyMap<string, Located<GatewayConfig>>, problems: Problems): void {
  const { routes, tcpRoutes } = draft.settings.value
  const native = [...draft.routes.slice(0, routes.length), ...draft.tcpRoutes.slice(0, tcpRoutes.length)]
  for (const { value, label, at } of native) {
    for (const [index, reference] of value.gateways.entries()) {
      if (reference === MESH) continue
      const [namespace, name, ...section] = reference.split('/')
      const gateway = byName.get(`${namespace}/${name}`)?.value
      const where = at(['gateways', index])
      if (gateway === undefined) {
        const hint = didYouMean(reference, [MESH, ...byName.keys()])
        problems.error(where, `${label}.gateways[${index}]: there is no gateway ${quote(reference)}`, hint)
      } else if (section.length > 0 && !gateway.listeners.some((listener) => listener.name === section.join('/'))) {
        const known = gateway.listeners.map((listener) => `${nameOf(gateway)}/${listener.name}`)
        problems.error(
          where,
          `${label}.gateways[${index}]: there is no listener ${quote(reference)}`,
          didYouMean(reference, known),
        )
      }
    }
  }
}

function familyOf(protocol: string): string {
  return protocol === 'https' ? 'tls' : protocol
}

function nameOf({ namespace, name }: GatewayConfig): string {
  return `${namespace}/${name}`
}

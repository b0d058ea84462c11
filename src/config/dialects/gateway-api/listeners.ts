// Listeners of Gateways, those that ListenerSets add included: which of them count, and what they are in the native form.
import { formatPlace } from '../../problem.ts'
import type { GatewayConfig } from '../../schema/gateways.ts'
import { gatewaySchema } from '../../schema/gateways.ts'
import { byAge } from '../age.ts'
import type { Resource } from '../resource.ts'
import { placeIn } from '../resource.ts'
import { certificatesOf } from './certificates.ts'
import { type Context, OWN_CLASS } from './context.ts'
import { GATEWAY, GATEWAY_CLASS, LISTENER_SET, type ListenerSpec } from './kinds.ts'
import type { GatewayListener } from './listener.ts'

type Gateway = Resource<ReturnType<typeof GATEWAY.schema.parse>>

export interface CompiledGateway {
  readonly config: GatewayConfig
  readonly resource: Resource
}

export interface Gateways {
  readonly compiled: readonly CompiledGateway[]
  /** Of the Gateways that are ours, by 'Gateway/namespace/name' and 'ListenerSet/namespace/name'. */
  readonly listeners: ReadonlyMap<string, readonly GatewayListener[]>
  /** Parents of others' classes: what attaches to them is none of our business. */
  readonly foreign: ReadonlySet<string>
  /** Those that routes attach to without naming them. */
  readonly defaults: readonly string[]
}

/** Which protocols can be told apart on one port. */
const FAMILY: Readonly<Record<string, string>> = { HTTP: 'http', HTTPS: 'tls', TLS: 'tls', TCP: 'tcp' }

export function compileGateways(context: Context): Gateways {
  const listeners = new Map<string, readonly GatewayListener[]>()
  const foreign = new Set<string>()
  const compiled: CompiledGateway[] = []
  const defaults: string[] = []
  for (const { value, name, document, base } of context.resources.of(GATEWAY_CLASS)) {
    if (value.spec.parametersRef !== undefined)
      context.problems.warning(document.at([...base, 'spec', 'parametersRef']), `GatewayClass ${name}: parametersRef is ignored`)
  }
  const sets = [...context.resources.of(LISTENER_SET)].sort(byAge)
  for (const gateway of context.resources.of(GATEWAY)) {
    const key = keyOf(gateway)
    if (gateway.value.spec.gatewayClassName !== OWN_CLASS) {
      foreign.add(key)
      const message = `it is of the class ${gateway.value.spec.gatewayClassName}, so it is left to others`
      context.warn(gateway, ['spec', 'gatewayClassName'], message, `the class of this program is ${OWN_CLASS}`)
      continue
    }
    warnOfIgnored(context, gateway)
    refuseUnsafe(context, gateway)
    if (gateway.value.spec.defaultScope === 'All') defaults.push(key)
    const all = entriesOf(gateway, gateway.value.spec.listeners, gateway)
    listeners.set(key, all)
    for (const set of sets) {
      if (parentOf(set) !== key) continue
      if (!allowsSet(context, gateway, set)) continue
      const own = entriesOf(set, set.value.spec.listeners, gateway)
      listeners.set(keyOf(set), own)
      all.push(...own)
    }
    const accepted = distinct(context, all)
    for (const [parent, list] of listeners)
      listeners.set(
        parent,
        list.filter((one) => one.gateway !== fullName(gateway) || accepted.has(one)),
      )
    compiled.push({ config: nativeGateway(context, gateway, [...accepted]), resource: gateway })
  }
  for (const set of sets) {
    if (foreign.has(parentOf(set))) foreign.add(keyOf(set))
    else if (!listeners.has(keyOf(set)) && !compiled.some(({ resource }) => keyOf(resource) === parentOf(set)))
      context.warn(set, ['spec', 'parentRef'], `there is no ${parentOf(set)}; its listeners are not opened`)
  }
  return { compiled, listeners, foreign, defaults }
}

function entriesOf(owner: Resource, specs: readonly ListenerSpec[], gateway: Resource): GatewayListener[] {
  // with a slash it would be taken for a listener of the Gateway that is called as the namespace is
  const prefix = owner === gateway ? '' : `${owner.name}.${owner.namespace}:`
  return specs.map((spec, index) => ({
    gateway: fullName(gateway),
    name: `${prefix}${spec.name}`,
    owner,
    path: ['spec', 'listeners', index],
    spec,
  }))
}

/**
 * Each connection has to belong to one listener. Where two of one resource claim the same, neither counts; between resources the
 * Gateway comes before its sets, and older sets before newer ones.
 */
function distinct(context: Context, all: readonly GatewayListener[]): Set<GatewayListener> {
  const accepted = new Set<GatewayListener>()
  for (const one of all) {
    if (!supported(context, one)) continue
    const rivals = [...all.filter((other) => other !== one && other.owner === one.owner), ...accepted]
    const rival = rivals.find((other) => conflict(one.spec, other.spec) !== undefined)
    if (rival === undefined) accepted.add(one)
    else {
      const where = `${rival.spec.name} at ${formatPlace(placeIn(rival.owner, rival.path))}`
      const why = conflict(one.spec, rival.spec) as string
      context.warn(one.owner, one.path, `the listener ${one.spec.name} is not opened: ${why} ${where}`)
    }
  }
  return accepted
}

function conflict(a: ListenerSpec, b: ListenerSpec): string | undefined {
  if (a.port !== b.port) return undefined
  if (FAMILY[a.protocol] !== FAMILY[b.protocol]) return 'its protocol cannot share the port with'
  if (a.protocol === 'TCP') return 'it has the same port as'
  return a.hostname === b.hostname ? 'it has the same port and hostname as' : undefined
}

function supported(context: Context, { owner, path, spec }: GatewayListener): boolean {
  if (FAMILY[spec.protocol] !== undefined) return true
  const hint = `understood: ${Object.keys(FAMILY).join(', ')}`
  context.warn(
    owner,
    [...path, 'protocol'],
    `the listener ${spec.name} is not opened: the protocol ${spec.protocol} is not carried`,
    hint,
  )
  return false
}

function nativeGateway(context: Context, gateway: Gateway, listeners: readonly GatewayListener[]): GatewayConfig {
  return gatewaySchema.parse({
    name: gateway.name,
    namespace: gateway.namespace,
    listeners: listeners.map((one) => {
      const { spec } = one
      const terminates = spec.protocol === 'HTTPS' || (spec.protocol === 'TLS' && spec.tls?.mode === 'Terminate')
      return {
        name: one.name,
        port: spec.port,
        protocol: spec.protocol.toLowerCase(),
        ...(spec.hostname === undefined ? {} : { host: spec.hostname }),
        ...(terminates ? { tls: { certificates: certificatesOf(context, one) } } : {}),
      }
    }),
  })
}

function allowsSet(context: Context, gateway: Gateway, set: Resource): boolean {
  const rule = gateway.value.spec.allowedListeners?.namespaces
  if (context.namespaces.allowed(rule, gateway.namespace, set.namespace, 'None')) return true
  const message = `the Gateway ${fullName(gateway)} takes no listeners from the namespace ${set.namespace}; they are not opened`
  context.warn(set, ['spec', 'parentRef'], message, 'its allowedListeners say from where')
  return false
}

function warnOfIgnored(context: Context, gateway: Gateway): void {
  const { addresses, infrastructure } = gateway.value.spec
  if (addresses !== undefined && addresses.length > 0)
    context.warn(
      gateway,
      ['spec', 'addresses'],
      'addresses are ignored',
      'listeners.gateway in the settings says where to listen',
    )
  if (infrastructure !== undefined)
    context.warn(gateway, ['spec', 'infrastructure'], 'infrastructure is ignored: nothing is deployed here')
}

/** To ignore these would let in, or let out, what they are there to stop. */
function refuseUnsafe(context: Context, gateway: Gateway): void {
  const { tls } = gateway.value.spec
  if (tls?.frontend !== undefined)
    context.refuse(gateway, ['spec', 'tls', 'frontend'], 'checking certificates of callers is not understood yet')
  if (tls?.backend?.clientCertificateRef !== undefined)
    context.refuse(gateway, ['spec', 'tls', 'backend'], 'a client certificate for backends is not understood yet')
}

function parentOf(set: Resource): string {
  const { parentRef } = (set as Resource<ReturnType<typeof LISTENER_SET.schema.parse>>).value.spec
  return `${parentRef.kind ?? 'Gateway'}/${parentRef.namespace ?? set.namespace}/${parentRef.name}`
}

export function keyOf(resource: Resource): string {
  return `${resource.kind}/${fullName(resource)}`
}

function fullName(resource: Resource): string {
  return `${resource.namespace}/${resource.name}`
}

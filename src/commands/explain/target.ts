// Where a request that is let through may go, as explain tells it.
import type { RequestHead } from '../../codec/message.ts'
import type { InboundListenerConfig } from '../../config/schema/listeners.ts'
import { parseAddress } from '../../core/address.ts'
import type { Plan } from '../../exchange/plan.ts'
import type { Destination } from '../../exchange/snapshot.ts'
import type { Route, WeightedService } from '../../routing/route.ts'
import type { TcpRoute } from '../../routing/tcp-routes.ts'
import type { Question } from './question.ts'
import type { Viewpoint } from './viewpoints.ts'

export interface Share {
  readonly name: string
  readonly namespace: string
  readonly port: number
  /** Part of its endpoints, where a route names one. */
  readonly subset?: string
  /** Of the traffic, 0…1. */
  readonly share: number
}

export interface Target {
  readonly why: string
  readonly route: string | null
  readonly services: readonly Share[]
}

export function targetOf(plan: Exclude<Plan<undefined>, { kind: 'failure' }>, snapshot: Viewpoint, question: Question): Target {
  if (plan.kind === 'route' || plan.kind === 'tcpRoute') return routeTarget(plan.route)
  if (plan.kind === 'service') {
    const { name, namespace, port } = plan.destination.config
    const why = `no route is for it; it goes to the service ${name}.${namespace}:${port} that it names`
    return { why, route: null, services: [{ name, namespace, port, share: 1 }] }
  }
  if (plan.kind === 'passthrough')
    return { why: `it names no known service; it is passed on to ${plan.target}`, route: null, services: [] }
  const services = application(snapshot, question)
  if (plan.route === undefined) return { why: 'no policy denies it; it goes to the application', route: null, services }
  return { why: `the route ${plan.route.id} matches; it goes to the application`, route: plan.route.id, services }
}

/** The listener that the question's destination is, or else the first one. */
export function listenerOf(listeners: readonly InboundListenerConfig[], question: Question): InboundListenerConfig | undefined {
  return listeners.find(({ listen }) => isAt(listen, question)) ?? listeners[0]
}

/** Whether the question's destination is this very address. */
export function isAt(listen: string, { destination }: Question): boolean {
  const address = parseAddress(listen)
  return address?.kind === 'tcp' && address.host === destination?.address && address.port === destination.port
}

function application(snapshot: Viewpoint, question: Question): Share[] {
  const listener = listenerOf(snapshot.config.settings.listeners.inbound, question)
  const app = listener?.app === undefined ? undefined : parseAddress(listener.app)
  const port = app?.kind === 'tcp' ? app.port : question.destination?.port
  const { serviceName: name, serviceNamespace: namespace } = snapshot.own
  return port === undefined ? [] : [{ name, namespace, port, share: 1 }]
}

/** What the caller stays with by what it brings; undefined: it is drawn. */
export function pinnedOf<S>({ sticky, services }: Route<S>, head: RequestHead): WeightedService<S> | undefined {
  const hash = sticky?.hashOf(head) ?? -1
  return hash < 0 ? undefined : services.at(hash)
}

/** Who gets copies of it. */
export function mirrorsOf({ mirrors }: Route<Destination<undefined>>): Share[] {
  return (mirrors ?? []).map(({ service, subset, share }) => ({ ...partOf(service, subset), share }))
}

function routeTarget({ id, services }: Pick<TcpRoute<Destination<undefined>>, 'id' | 'services'>): Target {
  const found: (Share & { share: number })[] = []
  const missing: string[] = []
  services.choices.forEach(({ service, subset, ref }, i) => {
    const share = services.shares[i] as number
    if (service === undefined) {
      missing.push(ref === '' ? 'one' : ref)
      return
    }
    const part = partOf(service, subset)
    const same = found.find((one) => isSame(one, part))
    if (same === undefined) found.push({ ...part, share })
    else same.share += share
  })
  const gap =
    missing.length === 0 ? '' : `; of its services ${missing.join(', ')} can't be found, and that share of the traffic fails`
  return {
    why: found.length === 0 ? `the route ${id} matches, but has no service that exists` : `the route ${id} matches${gap}`,
    route: id,
    services: found,
  }
}

export function partOf({ config }: Destination<undefined>, subset: string): Omit<Share, 'share'> {
  const { name, namespace, port } = config
  return { name, namespace, port, ...(subset === '' ? {} : { subset }) }
}

function isSame(a: Omit<Share, 'share'>, b: Omit<Share, 'share'>): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.port === b.port && a.subset === b.subset
}

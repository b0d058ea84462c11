// Gateway API resources as a few words, for tests.

import type { Config } from '../../src/config/schema/config.ts'
import { configFromText, problemLines } from './config-text.ts'

const GROUP = 'gateway.networking.k8s.io'

interface Named {
  readonly name: string
  readonly namespace?: string
  readonly createdAt?: string
  readonly version?: string
  readonly spec: Readonly<Record<string, unknown>>
}

export type Document = Readonly<Record<string, unknown>>

export function resource(kind: string, { name, namespace = 'shop', createdAt, version = 'v1', spec }: Named): Document {
  const metadata = { name, namespace, ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }) }
  return { apiVersion: `${GROUP}/${version}`, kind, metadata, spec }
}

export function service(
  name: string,
  namespace = 'shop',
  ports: readonly Record<string, unknown>[] = [{ name: 'http', port: 80 }],
): Document {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { selector: { app: name }, ports } }
}

export function namespace(name: string, labels: Record<string, string> = {}): Document {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
}

export function gateway(
  name: string,
  listeners: readonly Record<string, unknown>[],
  spec: Record<string, unknown> = {},
): Document {
  return resource('Gateway', { name, namespace: 'edge', spec: { gatewayClassName: 'outrigger', listeners, ...spec } })
}

export function grant(
  from: { kind: string; namespace: string },
  to: { namespace: string; name?: string; kind?: string },
): Document {
  const { namespace: own, name, kind = 'Service' } = to
  return resource('ReferenceGrant', {
    name: 'g',
    namespace: own,
    spec: { from: [{ group: GROUP, ...from }], to: [{ group: '', kind, ...(name === undefined ? {} : { name }) }] },
  })
}

/** Several documents in one file; JSON is YAML. */
export function asText(documents: readonly Document[]): string {
  return documents.map((document) => JSON.stringify(document)).join('\n---\n')
}

export function compiled(...documents: readonly Document[]): Config {
  return configFromText(asText(documents))
}

/** Problems without their places, which tests of places ask for otherwise. */
export function problems(...documents: readonly Document[]): string[] {
  return problemLines(asText(documents)).map((line) => line.replace(/^c\.yaml:\d+:\d+: /, '').replace(/c\.yaml:\d+:\d+/g, '…'))
}

/** A Service whose one endpoint is a server of the test. */
export function serviceAt(name: string, port: number, namespaceOf = 'shop', servicePort = 80): Document[] {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: namespaceOf, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port }],
  }
  return [service(name, namespaceOf, [{ name: 'http', port: servicePort }]), slice]
}

export function secret(name: string, { certificate, key }: { certificate: string; key: string }): Document {
  const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(key).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'edge' }, type: 'kubernetes.io/tls', data }
}

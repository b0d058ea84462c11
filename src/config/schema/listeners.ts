// Addresses that the sidecar accepts on.
import { z } from 'zod'
import { address, duration, port } from '../types.ts'
import { certificate } from './gateways.ts'
import { forwardClientCert, mtlsMode, mtlsPorts } from './identity.ts'

const protocol = z.enum(['auto', 'http', 'http2', 'tcp', 'tls'])

const serverTls = z.strictObject({
  certificate: z.string().describe('PEM file with the certificate chain. Read again when it changes.'),
  key: z.string().describe('PEM file with the private key.'),
})

const listenerBase = {
  listen: address('0.0.0.0:15006').describe('Address to accept on: host:port, [ipv6]:port or unix:/path.'),
  protocol: protocol.default('auto').describe('What is spoken: auto looks at the first bytes; a fixed protocol never waits.'),
  tls: serverTls.optional().describe('Terminate TLS with this certificate.'),
  maxConnections: z.number().int().min(1).default(10_000).describe('Connections open at once; more are closed as they come.'),
  proxyProtocol: z
    .enum(['off', 'require', 'accept'])
    .default('off')
    .describe(
      'PROXY protocol v1/v2 in front of each connection. `accept` takes connections without it too: only where every peer is trusted.',
    ),
  captured: z
    .boolean()
    .default(false)
    .describe(
      'Connections are sent here by iptables (`outrigger capture`): the kernel is asked where they were going, and they are taken there.',
    ),
  detectionTimeout: duration('200ms').describe(
    'How long `auto` waits for first bytes before it takes the connection for TCP where the server speaks first.',
  ),
}

export const inboundListener = z.strictObject({
  ...listenerBase,
  app: address('127.0.0.1:8080')
    .optional()
    .describe(
      'Where the application listens: host:port, [ipv6]:port or unix:/path. Left out: where each `captured` connection was going.',
    ),
  appProtocol: z
    .enum(['auto', 'http', 'http2', 'grpc'])
    .default('auto')
    .describe(
      'What HTTP the application speaks. auto: HTTP/2 for gRPC and for callers that spoke HTTP/2 without TLS, HTTP/1.1 for all others.',
    ),
  sendProxyProtocol: z
    .enum(['off', 'v1', 'v2'])
    .default('off')
    .describe('Tell the application who connected, by PROXY protocol.'),
  mtls: mtlsMode
    .optional()
    .describe(
      'Mutual TLS by `identity`: `strict` takes nothing else, `permissive` takes plaintext as well, and TLS that is meant for the application passes through. Left out: permissive where there is an identity. A PeerAuthentication comes before this.',
    ),
  mtlsPorts: mtlsPorts.default({}).describe('The same for single ports of the application; they come before `mtls`.'),
  forwardClientCert: forwardClientCert
    .default('sanitize_set')
    .describe(
      "What the application is told of callers' certificates by x-forwarded-client-cert, as Envoy names it. What a caller without a verified certificate says is always removed.",
    ),
})

export const outboundListener = z.strictObject({
  ...listenerBase,
  service: z
    .string()
    .optional()
    .describe(
      'Send everything to this service (name.namespace, with :port if it has several) instead of looking at Host, SNI or the original destination.',
    ),
})

export const gatewayListener = z.strictObject({
  listen: listenerBase.listen,
  gateway: z.string().describe('Gateway whose traffic arrives here: namespace/name.'),
  port: port().describe('Port of the gateway that it is for; its listeners say what is spoken there.'),
  certificates: z
    .array(certificate)
    .default([])
    .describe(
      'Shown by listeners of the gateway that have no certificate of their own at hand, such as one from a Secret that is mounted here.',
    ),
  maxConnections: listenerBase.maxConnections,
  proxyProtocol: listenerBase.proxyProtocol,
})

export type InboundListenerConfig = z.output<typeof inboundListener>
export type OutboundListenerConfig = z.output<typeof outboundListener>
export type GatewayListenerConfig = z.output<typeof gatewayListener>

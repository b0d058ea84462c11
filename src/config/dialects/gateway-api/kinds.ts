// The kinds of gateway.networking.k8s.io that are read, one schema each: the whole of the API, standard and experimental.
import { z } from 'zod'
import type { Kind } from '../resource.ts'
import {
  commonRouteSpec,
  datedMetadata,
  defaultScope,
  groupName,
  headerName,
  hostname,
  kindName,
  labelSelector,
  namespaceName,
  objectName,
  objectRef,
  opt,
  plainBackendRef,
  portNumber,
  sectionName,
  sessionPersistence,
  status,
  text,
  weight,
} from './fields.ts'
import { grpcFilters, httpFilters, method, retry, timeouts } from './filters.ts'

const head = { apiVersion: z.string(), kind: z.string(), metadata: datedMetadata, status }

const PROTOCOL =
  /^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]+$/

const certificateRef = z.strictObject({
  group: opt(groupName()),
  kind: opt(kindName()),
  name: objectName(),
  namespace: opt(namespaceName()),
})

const allowedNamespaces = z.strictObject({
  from: opt(z.enum(['All', 'Selector', 'Same', 'None'])),
  selector: opt(labelSelector),
})

const listener = z.strictObject({
  name: sectionName(),
  hostname: opt(hostname()),
  port: portNumber(),
  protocol: text('expected HTTP, HTTPS, TLS, TCP or UDP', PROTOCOL, 255),
  tls: opt(
    z.strictObject({
      mode: opt(z.enum(['Terminate', 'Passthrough'])),
      certificateRefs: opt(z.array(certificateRef).max(64)),
      options: opt(z.record(z.string(), z.string())),
    }),
  ),
  allowedRoutes: opt(
    z.strictObject({
      namespaces: opt(allowedNamespaces),
      kinds: opt(z.array(z.strictObject({ group: opt(groupName()), kind: kindName() })).max(8)),
    }),
  ),
})

type Listeners = readonly z.output<typeof listener>[]

/** What the API server would refuse as well. */
function listenersAgree(listeners: Listeners, context: z.core.$RefinementCtx): void {
  const names = new Set<string>()
  for (const [index, { name, protocol, tls, hostname: host }] of listeners.entries()) {
    const wrong = (key: string, message: string) => context.addIssue({ code: 'custom', path: [index, key], message })
    if (names.has(name)) wrong('name', 'a listener of this name is there already')
    names.add(name)
    const plain = protocol === 'HTTP' || protocol === 'TCP' || protocol === 'UDP'
    if (plain && tls !== undefined) wrong('tls', `not for the protocol ${protocol}`)
    if ((protocol === 'TCP' || protocol === 'UDP') && host !== undefined) wrong('hostname', `not for the protocol ${protocol}`)
    if (protocol === 'HTTPS' && tls?.mode === 'Passthrough') wrong('tls', 'HTTPS ends TLS: its mode is Terminate')
    if (protocol === 'TLS' && tls?.mode === undefined)
      wrong('tls', 'mode is missing; the protocol TLS needs it: Terminate or Passthrough')
  }
}

const listeners = z.array(listener).min(1).max(64).superRefine(listenersAgree)

const frontendTls = z.strictObject({
  validation: opt(
    z.strictObject({
      caCertificateRefs: z.array(
        z.strictObject({ group: groupName(), kind: kindName(), name: objectName(), namespace: opt(namespaceName()) }),
      ),
      mode: opt(z.enum(['AllowValidOnly', 'AllowInsecureFallback'])),
    }),
  ),
})

export const GATEWAY_CLASS = {
  name: 'GatewayClass',
  namespaced: false,
  versions: ['v1', 'v1beta1'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({
      controllerName: z.string().min(1),
      parametersRef: z.unknown().optional(),
      description: opt(z.string().max(64)),
    }),
  }),
} as const satisfies Kind

export const GATEWAY = {
  name: 'Gateway',
  namespaced: true,
  versions: ['v1', 'v1beta1'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({
      gatewayClassName: objectName(),
      listeners,
      addresses: opt(z.array(z.strictObject({ type: opt(z.string()), value: opt(z.string().max(253)) })).max(16)),
      infrastructure: opt(
        z.strictObject({
          labels: opt(z.record(z.string(), z.string())),
          annotations: opt(z.record(z.string(), z.string())),
          parametersRef: opt(z.strictObject({ group: groupName(), kind: kindName(), name: objectName() })),
        }),
      ),
      allowedListeners: opt(z.strictObject({ namespaces: opt(allowedNamespaces) })),
      tls: opt(
        z.strictObject({
          backend: opt(z.strictObject({ clientCertificateRef: opt(certificateRef) })),
          frontend: opt(
            z.strictObject({
              default: frontendTls,
              perPort: opt(z.array(z.strictObject({ port: portNumber(), tls: frontendTls })).max(64)),
            }),
          ),
        }),
      ),
      defaultScope,
    }),
  }),
} as const satisfies Kind

export const LISTENER_SET = {
  name: 'ListenerSet',
  namespaced: true,
  versions: ['v1'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({
      parentRef: certificateRef,
      listeners,
    }),
  }),
} as const satisfies Kind

const pathMatch = z.strictObject({
  type: opt(z.enum(['Exact', 'PathPrefix', 'RegularExpression'])),
  value: opt(z.string().max(1024)),
})

const textMatch = z.strictObject({
  type: opt(z.enum(['Exact', 'RegularExpression'])),
  name: headerName(),
  value: z.string().min(1).max(4096),
})

const hostnames = opt(z.array(hostname()).max(16))

const httpRule = z.strictObject({
  name: opt(sectionName()),
  matches: opt(
    z
      .array(
        z.strictObject({
          path: opt(pathMatch),
          headers: opt(z.array(textMatch).max(16)),
          queryParams: opt(z.array(textMatch).max(16)),
          method: opt(method()),
        }),
      )
      .max(64),
  ),
  filters: opt(httpFilters),
  backendRefs: opt(z.array(z.strictObject({ ...objectRef, weight, filters: opt(httpFilters) })).max(16)),
  timeouts: opt(timeouts),
  retry: opt(retry),
  sessionPersistence: opt(sessionPersistence),
})

export const HTTP_ROUTE = {
  name: 'HTTPRoute',
  namespaced: true,
  versions: ['v1', 'v1beta1'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({ ...commonRouteSpec, hostnames, rules: opt(z.array(httpRule).max(16)) }),
  }),
} as const satisfies Kind

const grpcRule = z.strictObject({
  name: opt(sectionName()),
  matches: opt(
    z
      .array(
        z.strictObject({
          method: opt(
            z
              .strictObject({
                type: opt(z.enum(['Exact', 'RegularExpression'])),
                service: opt(z.string().min(1).max(1024)),
                method: opt(z.string().min(1).max(1024)),
              })
              .refine(({ service, method: called }) => service !== undefined || called !== undefined, {
                error: 'one or both of service and method must be said',
              }),
          ),
          headers: opt(z.array(textMatch).max(16)),
        }),
      )
      .max(64),
  ),
  filters: opt(grpcFilters),
  backendRefs: opt(z.array(z.strictObject({ ...objectRef, weight, filters: opt(grpcFilters) })).max(16)),
  sessionPersistence: opt(sessionPersistence),
})

export const GRPC_ROUTE = {
  name: 'GRPCRoute',
  namespaced: true,
  versions: ['v1', 'v1alpha2'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({ ...commonRouteSpec, hostnames, rules: opt(z.array(grpcRule).max(16)) }),
  }),
} as const satisfies Kind

const plainRule = z.strictObject({ name: opt(sectionName()), backendRefs: z.array(plainBackendRef).min(1).max(16) })

export const TCP_ROUTE = {
  name: 'TCPRoute',
  namespaced: true,
  versions: ['v1', 'v1alpha2'],
  schema: z.strictObject({ ...head, spec: z.strictObject({ ...commonRouteSpec, rules: z.array(plainRule).min(1).max(16) }) }),
} as const satisfies Kind

export const TLS_ROUTE = {
  name: 'TLSRoute',
  namespaced: true,
  versions: ['v1', 'v1alpha3', 'v1alpha2'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({ ...commonRouteSpec, hostnames, rules: z.array(plainRule).min(1).max(16) }),
  }),
} as const satisfies Kind

export const REFERENCE_GRANT = {
  name: 'ReferenceGrant',
  namespaced: true,
  versions: ['v1', 'v1beta1', 'v1alpha2'],
  schema: z.strictObject({
    ...head,
    spec: z.strictObject({
      from: z
        .array(z.strictObject({ group: groupName(), kind: kindName(), namespace: namespaceName() }))
        .min(1)
        .max(16),
      to: z
        .array(z.strictObject({ group: groupName(), kind: kindName(), name: opt(objectName()) }))
        .min(1)
        .max(16),
    }),
  }),
} as const satisfies Kind

export type ListenerSpec = z.output<typeof listener>
export type HttpRule = z.output<typeof httpRule>
export type GrpcRule = z.output<typeof grpcRule>
export type PlainRule = z.output<typeof plainRule>
export type TextMatch = z.output<typeof textMatch>

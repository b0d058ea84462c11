// Policies as a user writes them, and what their engine says of requests.
import type { RequestHead } from '../../src/codec/message.ts'
import type { Config, WorkloadConfig } from '../../src/config/schema/config.ts'
import { Fields } from '../../src/core/fields.ts'
import { compilePolicies, type Policies } from '../../src/policy/families.ts'
import { identityOf } from '../../src/policy/identity.ts'
import { type Claims, PolicyInput } from '../../src/policy/input.ts'
import { configOf } from './config-of.ts'

/** What a test says of a request; the rest is the same for all. */
export interface Asked {
  readonly direction?: 'inbound' | 'outbound'
  readonly principal?: string
  readonly ip?: string
  readonly remoteIp?: string
  readonly port?: number
  readonly sni?: string
  readonly service?: string
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly claims?: Claims
  /** No request: bytes. */
  readonly tcp?: boolean
}

export function configWith(settings: Record<string, unknown>, workloads: readonly WorkloadConfig[] = []): Config {
  return configOf({ workload: { name: 'cart-1', namespace: 'shop', labels: { app: 'cart' } }, ...settings }, { workloads })
}

export function policiesWith(settings: Record<string, unknown>, workloads: readonly WorkloadConfig[] = []): Policies {
  return compilePolicies(configWith(settings, workloads))
}

export function inputOf(asked: Asked): PolicyInput {
  const ip = asked.ip ?? '10.0.0.9'
  return new PolicyInput({
    direction: asked.direction ?? 'inbound',
    identity: asked.principal === undefined ? undefined : identityOf(asked.principal),
    sourceIp: ip,
    remoteIp: asked.remoteIp ?? ip,
    destinationIp: '10.0.1.2',
    destinationPort: asked.port ?? 8080,
    service: asked.service,
    serverName: asked.sni ?? '',
    head: asked.tcp === true ? undefined : headOf(asked),
    claims: asked.claims,
  })
}

export function headOf(asked: Asked): RequestHead {
  return {
    version: '1.1',
    method: asked.method ?? 'GET',
    scheme: 'http',
    authority: asked.host ?? 'cart.shop',
    path: asked.path ?? '/',
    fields: Fields.of(...(asked.headers ?? [])),
    bodyLength: 0,
    upgrade: '',
    acceptsTrailers: false,
    expectsContinue: false,
    absolute: false,
  }
}

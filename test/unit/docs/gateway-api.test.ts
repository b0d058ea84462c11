// docs/resources/gateway-api.md names every field that the schemas know.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { z } from 'zod'
import { GATEWAY_API } from '../../../src/config/dialects/gateway-api/groups.ts'
import { bare } from '../../../src/config/shape.ts'

/** What every resource has, and the insides of fields that the page tells of as a whole. */
const AS_A_WHOLE = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'status',
  'spec',
  'addresses',
  'infrastructure',
  'frontend',
  'backend',
  'selector',
  'certificateRefs',
  'kinds',
  'path',
  'headers',
  'queryParams',
  'requestHeaderModifier',
  'responseHeaderModifier',
  'requestMirror',
  'requestRedirect',
  'urlRewrite',
  'cors',
  'externalAuth',
  'extensionRef',
  'sessionPersistence',
  'parentRef',
])
const TEXT = readFileSync(new URL('../../../docs/resources/gateway-api.md', import.meta.url), 'utf8')

function fieldsOf(schema: z.core.$ZodType, into: Set<string>): Set<string> {
  const { def } = (bare(schema) as z.core.$ZodTypes)._zod
  if (def.type === 'array') return fieldsOf(def.element, into)
  if (def.type !== 'object') return into
  for (const [key, inner] of Object.entries(def.shape)) {
    into.add(key)
    if (key === 'spec' || !AS_A_WHOLE.has(key)) fieldsOf(inner, into)
  }
  return into
}

/** Named in the page by their types. */
const FILTERS: Readonly<Record<string, string>> = {
  requestHeaderModifier: 'RequestHeaderModifier',
  responseHeaderModifier: 'ResponseHeaderModifier',
  requestMirror: 'RequestMirror',
  requestRedirect: 'RequestRedirect',
  urlRewrite: 'URLRewrite',
  cors: 'CORS',
  externalAuth: 'ExternalAuth',
  extensionRef: 'ExtensionRef',
}

const OF_EVERY_RESOURCE = ['apiVersion', 'kind', 'metadata', 'status', 'spec', 'type', 'filters']

for (const [kind, state] of Object.entries(GATEWAY_API['gateway.networking.k8s.io']?.kinds ?? {})) {
  t.test(`${kind} is told of, with all its fields`, async (t) => {
    t.ok(TEXT.includes(kind))
    if (typeof state !== 'object') return
    const fields = [...fieldsOf(state.schema, new Set())].filter((field) => !OF_EVERY_RESOURCE.includes(field))
    for (const field of fields) t.ok(TEXT.includes(FILTERS[field] ?? field), field)
  })
}

// Istio's RequestAuthentication: which tokens are believed.
import { z } from 'zod'
import type { Located } from '../../draft.ts'
import type { Problems } from '../../problem.ts'
import { type TokenConfig, tokenSchema } from '../../schema/tokens.ts'
import { parseDuration } from '../../types.ts'
import { type Kind, metadata, placeIn, type Resource, type Resources } from '../resource.ts'
import { selectorsOf, targetRef, workloadSelector } from './selector.ts'

const text = z.string().min(1, { error: 'expected text that is not empty' })

const rule = z.strictObject({
  issuer: text,
  audiences: z.array(text).nullish(),
  jwksUri: z.url({ protocol: /^https?$/, error: 'expected a URL, http or https' }).nullish(),
  jwks_uri: z.url({ protocol: /^https?$/, error: 'expected a URL, http or https' }).nullish(),
  jwks: text.nullish(),
  fromHeaders: z.array(z.strictObject({ name: text, prefix: z.string().nullish() })).nullish(),
  fromParams: z.array(text).nullish(),
  fromCookies: z.array(text).nullish(),
  outputPayloadToHeader: text.nullish(),
  outputClaimToHeaders: z.array(z.strictObject({ header: text, claim: text })).nullish(),
  forwardOriginalToken: z.boolean().nullish(),
  timeout: z
    .string()
    .refine((value) => (parseDuration(value) ?? 0) > 0, { error: 'expected a duration such as "5s"' })
    .nullish(),
})

export const REQUEST_AUTHENTICATION = {
  name: 'RequestAuthentication',
  namespaced: true,
  schema: z.object({
    metadata,
    spec: z
      .strictObject({
        selector: workloadSelector,
        targetRef: targetRef.nullish(),
        targetRefs: z.array(targetRef).nullish(),
        jwtRules: z.array(rule).nullish(),
      })
      .nullish(),
  }),
} as const satisfies Kind

type RequestAuthentication = Resource<z.output<typeof REQUEST_AUTHENTICATION.schema>>

export function compileRequestAuthentications(resources: Resources, problems: Problems): Located<TokenConfig>[] {
  return resources.of(REQUEST_AUTHENTICATION).flatMap((resource) => compileTokens(resource, problems))
}

function compileTokens(resource: RequestAuthentication, problems: Problems): Located<TokenConfig>[] {
  const selectors = selectorsOf(resource, problems)
  return (resource.value.spec?.jwtRules ?? []).flatMap((one, i) => {
    const { jwks_uri: otherUri, ...rest } = one
    const jwksUri = rest.jwksUri ?? otherUri
    const given = Object.fromEntries(
      Object.entries({ ...rest, jwksUri }).filter(([, value]) => value !== null && value !== undefined),
    )
    const fromHeaders = (one.fromHeaders ?? []).map(({ name, prefix }) => ({ name, prefix: prefix ?? '' }))
    return selectors.map((selector) => ({
      value: tokenSchema.parse({ ...given, fromHeaders, namespace: resource.namespace, selector }),
      label: `RequestAuthentication ${resource.namespace}/${resource.name}`,
      at: (path) => placeIn(resource, ['spec', 'jwtRules', i, ...path]),
    }))
  })
}

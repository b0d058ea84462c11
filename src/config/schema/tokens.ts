// Tokens that are believed: who issues them, by which keys, where they stand in a request, and what is told on.
import { z } from 'zod'
import { duration, label, labels, positiveDuration } from '../types.ts'

const place = z.strictObject({
  name: z.string().min(1).describe('Name of the field.'),
  prefix: z.string().default('').describe('What stands before the token, such as `Bearer `.'),
})

const claimHeader = z.strictObject({
  header: z.string().min(1).describe('Field that gets the claim; what callers say in it is always removed.'),
  claim: z.string().min(1).describe('Name of the claim; with dots for one within another.'),
})

export const tokenSchema = z.strictObject({
  issuer: z.string().min(1).describe('`iss` of its tokens.'),
  audiences: z.array(z.string().min(1)).default([]).describe('One of these must be in `aud`. Empty: any.'),
  jwksUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where its keys are. With no keys named: by OpenID discovery below the issuer.'),
  jwksFile: z.string().min(1).optional().describe('File with its keys, read again when it changes.'),
  jwks: z.string().min(1).optional().describe('Its keys themselves, as JSON.'),
  fromHeaders: z
    .array(place)
    .default([])
    .describe('Fields to look in. Without any place: `Authorization: Bearer …` and the query `access_token`.'),
  fromParams: z.array(z.string().min(1)).default([]).describe('Query parameters to look in.'),
  fromCookies: z.array(z.string().min(1)).default([]).describe('Cookies to look in.'),
  outputPayloadToHeader: z.string().min(1).optional().describe('Field that gets the payload, in base64url.'),
  outputClaimToHeaders: z.array(claimHeader).default([]).describe('Fields that get claims.'),
  forwardOriginalToken: z.boolean().default(false).describe('Leave the token in the request.'),
  timeout: positiveDuration('5s').describe('Time that fetching keys may take.'),
  refresh: positiveDuration('20m').describe('Keys are fetched again after this time.'),
  maxStale: duration('1d').describe('How long the last good keys are used while they cannot be fetched. "0": for ever.'),
  namespace: label()
    .optional()
    .describe('Only for workloads of this namespace; the root namespace stands for all. Left out: all.'),
  selector: labels().default({}).describe('Only for workloads with these labels.'),
})

export type TokenConfig = z.output<typeof tokenSchema>

// Checks of tokens: keys that are none, or that nobody can fetch.
import type { Draft } from './draft.ts'
import type { Problems } from './problem.ts'

export function checkTokens(draft: Draft, problems: Problems): void {
  for (const { value, label, at } of draft.tokens) {
    const named = (['jwksUri', 'jwksFile', 'jwks'] as const).filter((key) => value[key] !== undefined)
    if (named.length > 1) problems.error(at([named[1] as string]), `${label}: ${named.join(' and ')} both say where the keys are`)
    if (named.length === 0 && !URL.canParse(value.issuer))
      problems.warning(
        at(['issuer']),
        `${label}: there are no keys, and the issuer is no URL to ask for them; its tokens are all refused`,
        'add jwksUri or jwks',
      )
    if (value.jwks !== undefined && !isKeySet(value.jwks)) problems.error(at(['jwks']), `${label}: jwks is no JSON Web Key Set`)
  }
}

function isKeySet(text: string): boolean {
  try {
    const value = JSON.parse(text) as { keys?: unknown } | null
    return Array.isArray(value?.keys)
  } catch {
    return false
  }
}

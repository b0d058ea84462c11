// Whether the parts of a configuration fit together: nothing twice, nothing that points nowhere, nothing that can never work.
import type { Draft } from './draft.ts'
import { checkGateways } from './gateway-checks.ts'
import { checkIdentity } from './identity-checks.ts'
import { checkListeners } from './listener-checks.ts'
import { checkPolicies } from './policy-checks.ts'
import type { Problems } from './problem.ts'
import { checkRoutes } from './route-checks.ts'
import { checkServices } from './service-checks.ts'
import { checkTcpRoutes } from './tcp-route-checks.ts'
import { checkTokens } from './token-checks.ts'

export function checkConsistency(draft: Draft, problems: Problems): void {
  checkIdentity(draft, problems)
  checkListeners(draft, problems)
  checkServices(draft, problems)
  checkRoutes(draft, problems)
  checkTcpRoutes(draft, problems)
  checkGateways(draft, problems)
  checkTokens(draft, problems)
  checkPolicies(draft, problems)
  const { drain } = draft.settings.value
  if (drain.grace > drain.limit) {
    problems.error(
      draft.settings.at(['drain', 'grace']),
      'drain.grace is longer than drain.limit: everything would be cut before it ends',
    )
  }
}

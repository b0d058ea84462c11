// Before a request is planned: whose it is, by its token. Waits only for tokens that were not seen before.
import type { RequestHead } from '../codec/message.ts'
import type { Authenticated, Authentication } from '../policy/jwt/authentication.ts'
import type { Exchange } from './exchange.ts'

interface Asked {
  readonly x: Exchange
  readonly head: RequestHead
  /** The token is valid, or there is none. */
  readonly go: () => void
  /** There is a newer configuration, by which it is asked again. */
  readonly overtaken: () => boolean
  readonly refuse: (detail: string) => void
}

export function authenticate(authentication: Authentication, asked: Asked): void {
  const found = authentication.check(asked.head)
  if (found instanceof Promise) void wait(authentication, found, asked)
  else settle(authentication, found, asked)
}

async function wait(authentication: Authentication, found: Promise<Authenticated>, asked: Asked): Promise<void> {
  const { x } = asked
  x.unidentified = true
  try {
    const result = await found
    x.unidentified = false
    // the caller may have gone meanwhile
    if (!x.over && !asked.overtaken()) settle(authentication, result, asked)
  } catch (error) {
    asked.x.fail('internal', `a token could not be verified: ${(error as Error).message}`)
  }
}

function settle(authentication: Authentication, found: Authenticated, { x, head, go, refuse }: Asked): void {
  if (found.kind === 'invalid') return refuse(found.detail)
  if (found.kind === 'valid') {
    x.claims = found.claims
    authentication.tell(found, head)
  }
  go()
}

// Routes compiled as the data path has them, with services that are their own names, and requests as a codec reads them.

import type { RequestHead } from '../../src/codec/message.ts'
import { readRequest } from '../../src/commands/explain/heads.ts'
import { routeSchema } from '../../src/config/schema/routes.ts'
import { settingsSchema } from '../../src/config/schema/settings.ts'
import { compileRoutes, type RouteContext } from '../../src/routing/compile.ts'
import { normalizePath } from '../../src/routing/normalize.ts'
import { RateLimiters } from '../../src/routing/rate-limit.ts'

const SETTINGS = settingsSchema.parse({})

export interface AskedHead {
  readonly method?: string
  readonly host?: string
  readonly path?: string
  readonly scheme?: 'http' | 'https'
  readonly protocol?: 'http1' | 'http2' | 'grpc'
  readonly headers?: [string, string][]
}

/** Routes as a user writes them; they are called r0, r1, … */
export function compiled(
  inputs: readonly object[],
  changes: Partial<RouteContext<string>> = {},
): ReturnType<typeof compileRoutes<string>> {
  return compileRoutes(
    inputs.map((input, i) => routeSchema.parse({ name: `r${i}`, ...input })),
    {
      resolve: (ref) => ref,
      limiters: new RateLimiters(),
      hasSubset: (_, subset) => subset !== 'gone',
      aliases: (host) => [host],
      pathNormalization: 'AUTO',
      random: () => 0,
      ...changes,
    },
  )
}

export function headOf(asked: AskedHead): RequestHead {
  const head = readRequest({ at: 'outbound', host: 'h', ...asked }, SETTINGS)
  if ('refused' in head) throw new Error(head.detail)
  const path = normalizePath(head.path, 'AUTO', true)
  if (path === undefined) throw new Error(`${head.path} is refused`)
  head.path = path
  return head
}

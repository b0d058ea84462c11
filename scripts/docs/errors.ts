// docs/errors.md: every row of core/failures.ts.
import { FAILURES, type FailureSpec } from '../../src/core/failures.ts'

const HEAD = `# Failures

Generated from src/core/failures.ts by \`npm run docs\`.

When an exchange fails, the sidecar answers with the status of its row and
\`{ "error": code, "message": …, "request_id": … }\`, or with the gRPC status in trailers when the request is gRPC. The flag is
Envoy's response flag, as metrics (\`response_flags\`) and the access log carry it. A status of – means that nobody is left to
answer. *Sent again* says whether another attempt is safe: always (the request provably was not processed), if it is idempotent
(it may have been), or never.

| code | status | gRPC | flag | side | sent again | message |
|---|---|---|---|---|---|---|
`

const RETRY = { always: 'always', 'if-idempotent': 'if idempotent', never: 'never' } as const

export function errorsPage(): string {
  const rows = Object.entries<FailureSpec>(FAILURES).map(
    ([code, { status, grpc, flag, side, retry, message }]) =>
      `| \`${code}\` | ${status || '–'} | ${grpc} | ${flag === '-' ? '–' : flag} | ${side} | ${RETRY[retry]} | ${message} |\n`,
  )
  return HEAD + rows.join('')
}

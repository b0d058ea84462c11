// One line of the access log in Istio's default text format:
// [%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%
// %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT%
// %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%"
// "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS%
// %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%
import {
  codeDetails,
  connectDetails,
  flagOf,
  PROTOCOLS,
  pathOf,
  terminationDetails,
  timeText,
  wholeMs,
} from './access-log-values.ts'
import type { Outcome } from './outcome.ts'

export function textLine(x: Outcome): string {
  const { request } = x
  const fields = request?.fields
  const start =
    request === undefined ? '"- - -"' : `"${quoted(request.method)} ${quoted(pathOf(x))} ${PROTOCOLS[request.version]}"`
  const flag = flagOf(x)
  const serviceTime = x.kind === 'tcp' || x.attempts === 0 ? '-' : wholeMs(x.upstreamMs)
  return (
    `[${timeText(x.startWallMs)}] ${start} ${x.status} ${flag} ${bare(codeDetails(x))} ${bare(terminationDetails(x))} ` +
    `"${quoted(connectDetails(x))}" ${x.requestBytes} ${x.responseBytes} ${wholeMs(x.durationMs)} ${serviceTime} ` +
    `"${quoted(fields?.get('x-forwarded-for'))}" "${quoted(fields?.get('user-agent'))}" "${quoted(x.requestId)}" ` +
    `"${quoted(request?.authority)}" "${quoted(x.upstreamAddress)}" ${bare(x.destination.service)} ${bare(x.upstreamLocalAddress)} ` +
    `${bare(x.localAddress)} ${bare(x.downstreamAddress)} ${bare(x.serverName)} ${bare(x.route)}\n`
  )
}

const QUOTED_UNSAFE = /["\\]|[^\x20-\x7e]/
const BARE_UNSAFE = /["\\]|[^\x21-\x7e]/

/** Between quotes; a '-' where there is nothing. */
function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return '-'
  return QUOTED_UNSAFE.test(text) ? escaped(text) : text
}

/** Without quotes, so also without spaces, as Envoy writes its details. */
function bare(text: string | undefined): string {
  if (text === undefined || text === '') return '-'
  return BARE_UNSAFE.test(text) ? escaped(text.replaceAll(' ', '_')) : text
}

/** Nothing that a terminal or a reader of lines could take for more than text. Texts hold a byte a character, as they came. */
function escaped(text: string): string {
  let safe = ''
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (char === '"' || char === '\\') safe += `\\${char}`
    else if (code >= 0x20 && code <= 0x7e) safe += char
    else safe += code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
  }
  return safe
}

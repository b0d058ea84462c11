// One line of the access log as JSON: Istio's keys, then ours.
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
import type { Outcome, Party } from './outcome.ts'

export function jsonLine(x: Outcome): string {
  const { request } = x
  const fields = request?.fields
  const flag = flagOf(x)
  return (
    `{"start_time":"${timeText(x.startWallMs)}","method":${json(request?.method)},"path":${json(pathOf(x))},` +
    `"protocol":${request === undefined ? 'null' : `"${PROTOCOLS[request.version]}"`},"response_code":${x.status},"response_flags":"${flag}",` +
    `"response_code_details":${json(codeDetails(x))},"connection_termination_details":${json(terminationDetails(x))},` +
    `"upstream_transport_failure_reason":${json(connectDetails(x))},"bytes_received":${x.requestBytes},"bytes_sent":${x.responseBytes},` +
    `"duration":${wholeMs(x.durationMs)},"upstream_service_time":${x.attempts === 0 ? 'null' : wholeMs(x.upstreamMs)},` +
    `"x_forwarded_for":${json(fields?.get('x-forwarded-for'))},"user_agent":${json(fields?.get('user-agent'))},` +
    `"request_id":${json(x.requestId)},"authority":${json(request?.authority)},"upstream_host":${json(x.upstreamAddress)},` +
    `"upstream_cluster":${json(x.destination.service)},"upstream_local_address":${json(x.upstreamLocalAddress)},` +
    `"downstream_local_address":${json(x.localAddress)},"downstream_remote_address":${json(x.downstreamAddress)},` +
    `"requested_server_name":${json(x.serverName)},"route_name":${json(x.route)},` +
    `"kind":"${x.kind}","direction":"${x.direction}","failure":${json(x.failure)},"detail":${json(x.detail)},"rule":${json(x.rule)},` +
    `"grpc_status":${x.grpcStatus < 0 ? 'null' : x.grpcStatus},"attempts":${x.attempts},"security":"${x.security}",` +
    `"source":${json(partyName(x.source))},"source_principal":${json(x.source.principal)},"destination":${json(partyName(x.destination))},` +
    `"destination_principal":${json(x.destination.principal)},"traceparent":${json(fields?.get('traceparent'))}}\n`
  )
}

function partyName(party: Party): string {
  return party.workload === '' ? '' : `${party.namespace}/${party.workload}`
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/
/** What JSON leaves as it is but a terminal or an eye may be misled by: DEL, C1 controls, directions and other invisible marks. */
const MISLEADING = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** null where there is nothing. Texts hold a byte a character, as they came; most are UTF-8. */
function json(text: string | undefined): string {
  if (text === undefined || text === '') return 'null'
  if (PLAIN.test(text)) return `"${text}"`
  const decoded = /[^\x00-\xff]/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8')
  return JSON.stringify(decoded).replace(MISLEADING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

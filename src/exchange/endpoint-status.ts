// What a response says of the endpoint that gave it, as an HTTP status: outlier detection and breakers know no other.
import type { ResponseHead } from '../codec/message.ts'

/** By gRPC status. What is the caller's own fault counts as well as success. */
const FAILED: Readonly<Record<string, number>> = { '2': 500, '4': 504, '13': 500, '14': 503, '15': 500 }

export function endpointStatus({ status, fields }: ResponseHead, isGrpc: boolean): number {
  if (!isGrpc) return status
  const grpcStatus = fields.get('grpc-status')
  return grpcStatus === undefined ? status : (FAILED[grpcStatus] ?? status)
}

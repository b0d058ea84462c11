// Closed sets of label values, for those who count by them.

/** What a malformed request or response hurt. */
export const MALFORMED = [
  'request_line',
  'status_line',
  'version',
  'target',
  'host',
  'field_name',
  'field_value',
  'line_ending',
  'framing',
  'chunk',
  'head_size',
  'frame',
  'header_block',
  'flow_control',
  'other',
] as const
export type MalformedKind = (typeof MALFORMED)[number]

/** What a newer configuration can close. */
export const REVOKED = ['request', 'stream', 'tunnel', 'connection', 'idle_connection'] as const
export type Revoked = (typeof REVOKED)[number]

/** Why a downstream connection was not served, or no longer. */
export const REFUSALS = [
  'connection_limit',
  'detection_failed',
  'not_captured',
  'peer_certificate',
  'plaintext',
  'proxy_protocol',
  'tls_handshake',
] as const
export type Refusal = (typeof REFUSALS)[number]

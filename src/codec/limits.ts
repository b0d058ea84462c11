// What a codec puts up with from its peer.

export interface HttpLimits {
  /** Bytes of a message head, request line included; also of a trailer section. */
  readonly maxHeadBytes: number
  /** Fields of a message head; also of a trailer section. */
  readonly maxFields: number
  /** From the first byte of a request, or the opening of a connection, to the end of its head. 0: no limit. */
  readonly headTimeoutMs: number
  /** A connection without an exchange. 0: no limit. */
  readonly idleTimeoutMs: number
  /** Without a byte of a body that is awaited or that the peer should take. 0: no limit. */
  readonly bodyTimeoutMs: number
  /** Tokens that Upgrade may name, in lower case. */
  readonly upgrades: ReadonlySet<string>
  /** Bytes that may wait for a slow peer before the source is told to pause. */
  readonly highWaterBytes: number
}

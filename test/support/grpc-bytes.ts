// gRPC messages as bytes, for services that need no .proto.
const same = (message: Buffer): Buffer => message

export const BYTES = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const

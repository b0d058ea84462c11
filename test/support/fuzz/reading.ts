// What a reader of requests makes of bytes, in a form that two readers can be compared in.

export interface SeenRequest {
  method: string
  target: string
  version: string
  /** Name in lower case and value; what the reader keeps to itself is left out by the one that does. */
  fields: (readonly [string, string])[]
  body: string
  complete: boolean
}

export interface Reading {
  readonly requests: SeenRequest[]
  /** Why it reads no further; '' when it would. */
  problem: string
}

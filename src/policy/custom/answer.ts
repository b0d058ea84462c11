// What a provider says of a request.

/** What of the fields is changed: in order. */
export interface FieldWish {
  readonly name: string
  readonly value: string
  /** Beside what is there, not in its place. */
  readonly append: boolean
}

export type CustomAnswer =
  | {
      readonly kind: 'allowed'
      /** For the application. */
      readonly set: readonly FieldWish[]
      readonly remove: readonly string[]
      /** For the caller. */
      readonly respond: readonly FieldWish[]
    }
  | { readonly kind: 'denied'; readonly status: number; readonly fields: readonly FieldWish[]; readonly body: Buffer }
  /** Nobody answered, or not so that it can be understood. */
  | { readonly kind: 'error'; readonly detail: string }

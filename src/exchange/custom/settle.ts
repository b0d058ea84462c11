// What becomes of a request once those who were due have been asked.

import { isGrpc } from '../../codec/grpc.ts'
import type { RequestHead } from '../../codec/message.ts'
import { Fields, fieldName, HOP, LENGTH } from '../../core/fields.ts'
import type { CustomAnswer, FieldWish } from '../../policy/custom/answer.ts'
import type { Due } from '../../policy/custom/rules.ts'
import type { FieldChange } from '../../routing/edits.ts'
import type { Exchange } from '../exchange.ts'
import { grpcReply, httpReply, type Reply } from '../local-reply.ts'
import { type AskDeps, ask } from './ask.ts'

const FORBIDDEN_VALUE = /[\r\n\0]/
/** Who is told to the application is ours to say, not a provider's. */
const RESERVED: ReadonlySet<string> = new Set(['host', 'x-forwarded-client-cert'])

export interface SettleDeps extends AskDeps {
  /** Everybody has allowed it; what the caller gets of it besides. */
  readonly go: (respond: FieldChange | null) => void
}

export async function askAll(x: Exchange, due: readonly Due[], deps: SettleDeps): Promise<void> {
  const { policyInput: input, requestId, peer } = x
  const respond: FieldWish[] = []
  try {
    for (const one of due) {
      if (input === undefined) throw new Error('there is nothing to ask about')
      const answer = await ask(one, { input, requestId, remoteAddress: peer.remoteAddress }, deps)
      // the caller may have gone meanwhile
      if (x.over) return
      if (answer.kind !== 'allowed') return refuse(x, one, answer)
      if (x.request !== undefined) changeRequest(x.request, answer)
      respond.push(...answer.respond)
    }
    deps.go(respond.length === 0 ? null : { applyTo: (fields) => respond.forEach((wish) => put(fields, wish)) })
  } catch (error) {
    x.fail('internal', `a provider could not be asked: ${(error as Error).message}`)
  }
}

function refuse(x: Exchange, due: Due, answer: Exclude<CustomAnswer, { kind: 'allowed' }>): void {
  x.rule = due.rule
  if (answer.kind === 'error') {
    const { provider } = due
    const config = provider === undefined ? undefined : 'http' in provider ? provider.http : provider.grpc
    return x.refuse(
      'external_error',
      answer.detail,
      config === undefined ? undefined : replyWith(x, config.statusOnError, new Fields(), EMPTY),
    )
  }
  const fields = new Fields()
  for (const wish of answer.fields) put(fields, wish)
  const { status } = answer
  // an interim status would leave the caller waiting, and what has no body would begin the next response with it
  const final = status < MIN_FINAL ? FORBIDDEN : status
  const body = BODILESS.has(final) ? EMPTY : answer.body
  x.refuse('external_denied', `${due.name} denies it`, replyWith(x, final, fields, body))
}

const EMPTY = Buffer.alloc(0)
const MIN_FINAL = 200
const FORBIDDEN = 403
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** undefined: bytes get no answer. */
function replyWith(x: Exchange, status: number, fields: Fields, body: Buffer): Reply | undefined {
  if (x.request === undefined) return undefined
  return isGrpc(x.request) ? grpcReply(status === 401 ? 16 : 7, 'Access denied.') : httpReply(status, fields, body)
}

function changeRequest({ fields }: RequestHead, { set, remove }: CustomAnswer & { kind: 'allowed' }): void {
  for (const name of remove) if (mayChange(name)) fields.remove(name)
  for (const wish of set) put(fields, wish)
}

/** Framing, connection and identity stay ours; a value that would break its field is left out. */
function put(fields: Fields, { name, value, append }: FieldWish): void {
  if (!mayChange(name) || FORBIDDEN_VALUE.test(value)) return
  if (append) fields.add(name, value)
  else fields.set(name, value)
}

function mayChange(name: string): boolean {
  const known = fieldName(name)
  return known !== undefined && known.kind !== HOP && known.kind !== LENGTH && !RESERVED.has(known.lower)
}

// Asks those who are due whether a request may go on: each in turn, the first who denies it decides.

import type { RequestHead } from '../../codec/message.ts'
import type { GrpcProviderConfig, HttpProviderConfig } from '../../config/schema/providers.ts'
import { parseAddress } from '../../core/address.ts'
import type { Clock } from '../../core/clock.ts'
import { Fields } from '../../core/fields.ts'
import type { CustomAnswer } from '../../policy/custom/answer.ts'
import { CHECK_PATH, checkMessage, readCheckResponse } from '../../policy/custom/grpc.ts'
import { HttpQuestion } from '../../policy/custom/http.ts'
import type { Due } from '../../policy/custom/rules.ts'
import type { PolicyInput } from '../../policy/input.ts'
import type { Service } from '../../upstream/service.ts'
import { sideCall } from './side-call.ts'

export interface AskDeps {
  readonly clock: Clock
  /** Who carries requests to host:port. */
  readonly service: (target: string, head: RequestHead) => Service
}

export interface AskFacts {
  readonly input: PolicyInput
  readonly requestId: string
  readonly remoteAddress: string
}

/** What somebody who was asked says; fail-open is an answer that allows. */
export async function ask(due: Due, facts: AskFacts, deps: AskDeps): Promise<CustomAnswer> {
  const { provider, name } = due
  if (provider === undefined) return { kind: 'error', detail: `there is no provider ${name}` }
  const config = 'http' in provider ? provider.http : provider.grpc
  try {
    const answer = 'http' in provider ? await askHttp(provider.http, facts, deps) : await askGrpc(provider.grpc, facts, deps)
    return answer.kind === 'error' && config.failOpen ? ALLOWED : answer
  } catch (error) {
    return config.failOpen ? ALLOWED : { kind: 'error', detail: `${name}: ${(error as Error).message}` }
  }
}

const ALLOWED: CustomAnswer = { kind: 'allowed', set: [], remove: [], respond: [] }

async function askHttp(config: HttpProviderConfig, { input }: AskFacts, { clock, service }: AskDeps): Promise<CustomAnswer> {
  if (input.head === undefined) return { kind: 'error', detail: 'a provider that speaks HTTP cannot be asked about bytes' }
  const question = new HttpQuestion(config)
  const head = question.ask(input.head)
  const carrier = service(`${config.service}:${config.port}`, head)
  const answer = await sideCall({ service: carrier, head, body: undefined, clock, timeoutMs: config.timeout })
  return question.read(answer.head, answer.body)
}

async function askGrpc(config: GrpcProviderConfig, facts: AskFacts, { clock, service }: AskDeps): Promise<CustomAnswer> {
  const address = parseAddress(facts.remoteAddress)
  const body = checkMessage(facts.input, { requestId: facts.requestId, sourcePort: address?.kind === 'tcp' ? address.port : 0 })
  const head = grpcHead(`${config.service}:${config.port}`, body.length, config.timeout)
  const answer = await sideCall({ service: service(head.authority, head), head, body, clock, timeoutMs: config.timeout })
  const status = answer.trailers?.get('grpc-status') ?? answer.head.fields.get('grpc-status')
  if (answer.head.status !== 200 || status !== '0')
    return { kind: 'error', detail: `it answered with gRPC status ${status ?? 'none'}` }
  return readCheckResponse(answer.body)
}

function grpcHead(authority: string, bodyLength: number, timeoutMs: number): RequestHead {
  const fields = new Fields()
  fields.push('content-type', 'content-type', 'application/grpc')
  fields.push('grpc-timeout', 'grpc-timeout', `${Math.ceil(timeoutMs)}m`)
  return {
    version: '2',
    method: 'POST',
    scheme: 'http',
    authority,
    path: CHECK_PATH,
    fields,
    bodyLength,
    upgrade: '',
    acceptsTrailers: true,
    expectsContinue: false,
    absolute: false,
  }
}

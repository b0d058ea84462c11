// The requests that explain is asked about, from JSON, with every mistake said in words.
import { anything, either, listOf, mapping, mappingOf, object, oneOf, pair, ShapeError, text, whole } from './shape.ts'

const port = whole(1, 65535)

const question = object({
  id: anything,
  at: oneOf(['inbound', 'outbound', 'gateway']),
  workload: either(['string', text], object({ name: text, namespace: text, serviceAccount: text, labels: mappingOf(text) })),
  gateway: text,
  protocol: oneOf(['http1', 'http2', 'grpc', 'websocket', 'tls', 'tcp']),
  source: object({ address: text, port, principal: text }),
  destination: object({ address: text, port, sni: text }),
  method: text,
  scheme: oneOf(['http', 'https']),
  host: text,
  path: text,
  headers: listOf(pair),
  claims: mapping,
  response: object({ status: whole(100, 599), headers: listOf(pair) }),
})

type Members = ReturnType<typeof question>
export type Question = Members & { readonly at: NonNullable<Members['at']> }
export type WorkloadQuestion = NonNullable<Question['workload']>
export type Pairs = readonly (readonly [string, string])[]

/** A request with its id, or why it is none. */
export type Asked = { readonly id: unknown; readonly question: Question } | { readonly id: unknown; readonly error: string }

/** One array, one object, or one object a line; empty lines are nothing. */
export function readQuestions(input: string): Asked[] {
  const all = parse(input)
  if ('value' in all) return (Array.isArray(all.value) ? all.value : [all.value]).map(readQuestion)
  const lines = input.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const parsed = parse(line)
    return 'value' in parsed ? readQuestion(parsed.value) : { id: undefined, error: `not JSON: ${parsed.error}` }
  })
}

export function readQuestion(value: unknown): Asked {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined
  try {
    const asked = question(value, '')
    if (asked.at === undefined) throw new ShapeError('at: missing; expected one of inbound, outbound, gateway')
    return { id, question: { ...asked, at: asked.at } }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    return { id, error: error.message }
  }
}

function parse(input: string): { value: unknown } | { error: string } {
  try {
    return { value: JSON.parse(input) as unknown }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

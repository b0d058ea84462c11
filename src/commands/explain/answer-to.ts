// The answer to one question, whatever it is about.
import { type Answer, explainRequest } from './answer.ts'
import { gatewayProblem } from './gateway.ts'
import type { Asked } from './question.ts'
import type { Viewpoints } from './viewpoints.ts'

/** A request that is not understood gets an answer as well, so that answers and requests stay side by side. */
export function answerTo(asked: Asked, viewpoints: Viewpoints): Answer | { id?: unknown; error: string } {
  const id = asked.id === undefined ? {} : { id: asked.id }
  if ('error' in asked) return { ...id, error: asked.error }
  const { question } = asked
  const snapshot = viewpoints.of(question.workload)
  if (typeof snapshot === 'string') return { ...id, error: snapshot }
  const problem = question.at === 'gateway' ? gatewayProblem(snapshot, question) : undefined
  if (problem !== undefined) return { ...id, error: problem }
  return { ...id, ...explainRequest(snapshot, question) }
}

// What the sidecar of a workload would do with requests, by documents.
import { type Answer, explainRequest } from '../../src/commands/explain/answer.ts'
import type { Question } from '../../src/commands/explain/question.ts'
import { Viewpoints } from '../../src/commands/explain/viewpoints.ts'
import { examineConfig } from '../../src/exchange/examine.ts'
import { loadText } from './config-text.ts'

const textOf = (documents: readonly object[]): string => documents.map((one) => `---\n${JSON.stringify(one)}\n`).join('')

/** Problems without their places, but for what says that nothing is listened on. */
export function messagesOf(...documents: readonly object[]): string[] {
  const { problems } = loadText(textOf(documents), { examine: examineConfig })
  return problems.flatMap(({ severity, message, hint }) =>
    message.startsWith('there is no listener') ? [] : [`${severity}: ${message}${hint === '' ? '' : ` (${hint})`}`],
  )
}

/** Asks outbound GETs of `host`, unless told otherwise. */
export function asking(...documents: readonly object[]): (question: Partial<Question>) => Answer {
  const { config, problems } = loadText(textOf(documents), { examine: examineConfig })
  if (config === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  const viewpoints = new Viewpoints(config)
  return (question) => {
    const asked: Question = { at: 'outbound', method: 'GET', scheme: 'http', path: '/', ...question }
    const snapshot = viewpoints.of(asked.workload)
    if (typeof snapshot === 'string') throw new Error(snapshot)
    return explainRequest(snapshot, asked)
  }
}

// The tests within a configuration: each is a question to explain, and its answer is compared.
import type { Finding } from '../../config/draft.ts'
import type { Config } from '../../config/schema/config.ts'
import type { TestConfig } from '../../config/schema/tests.ts'
import { examineConfig } from '../../exchange/examine.ts'
import type { Answer } from './answer.ts'
import { answerTo } from './answer-to.ts'
import { readQuestion } from './question.ts'
import { Viewpoints } from './viewpoints.ts'

/** What only compiling a configuration shows to be wrong with it, and which of its own tests fail. */
export function examine(config: Config): Finding[] {
  const findings = examineConfig(config)
  const { tests } = config.settings
  // what does not compile can't be asked
  if (findings.length > 0 || tests.length === 0) return findings
  const viewpoints = new Viewpoints(config)
  return tests.flatMap((test, index) =>
    failed(test, viewpoints).map(({ path, message }) => ({ list: 'tests' as const, index, path, message })),
  )
}

function failed({ name, request, expect }: TestConfig, viewpoints: Viewpoints): Pick<Finding, 'path' | 'message'>[] {
  const answer = answerTo(readQuestion({ at: 'inbound', ...request }), viewpoints)
  const about = name === undefined ? 'the test' : `the test ${JSON.stringify(name)}`
  if ('error' in answer) return [{ path: ['request'], message: `${about} cannot be asked: ${answer.error}` }]
  return (['verdict', 'rule', 'status', 'route'] as const).flatMap((key) => {
    const wanted = expect[key]
    if (wanted === undefined || wanted === answer[key]) return []
    return [
      {
        path: ['expect', key],
        message: `${about} fails: expected ${key} ${wanted}, got ${answer[key] ?? 'none'}: ${wordsFor(answer)}`,
      },
    ]
  })
}

function wordsFor({ why, nearest }: Answer): string {
  return nearest === null ? why : `${why}; ${nearest.rule} came closest, but for ${nearest.field}`
}

// outrigger explain: what would happen to requests, and why, by the data path's own snapshot; nothing is opened or sent.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { answerTo } from './explain/answer-to.ts'
import { readQuestions } from './explain/question.ts'
import { examine } from './explain/tests.ts'
import { Viewpoints } from './explain/viewpoints.ts'
import type { ExitCode, Io } from './io.ts'

/** `source`: a file, '-' is standard input. */
export async function explain(paths: readonly string[], source: string, io: Io): Promise<ExitCode> {
  const { config, problems } = await loadConfig(paths, { environment: io.env, examine })
  for (const problem of problems) io.stderr.write(`${formatProblem(problem)}\n`)
  if (config === undefined) return 1
  let input: string
  try {
    input = source === '-' ? await text(io.stdin) : await readFile(source, 'utf8')
  } catch (error) {
    io.stderr.write(`${source}: cannot be read: ${(error as Error).message}\n`)
    return 1
  }
  const viewpoints = new Viewpoints(config)
  for (const asked of readQuestions(input)) {
    if (!io.stdout.write(`${JSON.stringify(answerTo(asked, viewpoints))}\n`)) await once(io.stdout, 'drain')
  }
  return 0
}

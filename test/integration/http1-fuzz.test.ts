// Requests by the thousand, each changed a little from a valid or an evil one, read by our codec and by llhttp. Whole or cut, answered at
// once or later, ours must read the same; where it differs from llhttp, a row of the table of allowed differences must say why.
// OUTRIGGER_FUZZ_RUNS: how many; OUTRIGGER_FUZZ_SEED: where the numbers start.
import t from 'tap'
import { ALLOWED, allowed } from '../support/fuzz/allowed.ts'
import { compare } from '../support/fuzz/compare.ts'
import { readWithLlhttp } from '../support/fuzz/llhttp.ts'
import { nextCuts, nextInput, Random } from '../support/fuzz/mutate.ts'
import { type OurReading, readWithOurs } from '../support/fuzz/ours.ts'

const RUNS = Number(process.env['OUTRIGGER_FUZZ_RUNS'] ?? 50_000)
const SEED = Number(process.env['OUTRIGGER_FUZZ_SEED'] ?? 1)
const MAX_REPORTED = 10

interface Tally {
  same: number
  readonly rows: Map<string, number>
  readonly failures: string[]
}

t.test(`${RUNS} requests, seed ${SEED}`, { timeout: 0 }, async (t) => {
  const random = new Random(SEED)
  const tally: Tally = { same: 0, rows: new Map(), failures: [] }
  for (let run = 0; run < RUNS && tally.failures.length < MAX_REPORTED; run++) {
    const bytes = Buffer.from(nextInput(random), 'latin1')
    const cuts = nextCuts(bytes.length, random)
    const problem = look(bytes, cuts, random.below(2) === 1, tally)
    if (problem !== undefined) tally.failures.push(`run ${run}: ${problem}: ${JSON.stringify(bytes.toString('latin1'))}`)
  }
  t.comment(`seed ${SEED}: ${RUNS} requests, ${tally.same} read alike`)
  for (const { name, reason } of ALLOWED) t.comment(`${tally.rows.get(name) ?? 0} ${name}: ${reason}`)
  t.same(tally.failures, [], 'every difference is one that is allowed')
})

/** What is wrong with how these bytes are read; undefined: nothing. */
function look(bytes: Buffer, cuts: readonly number[], late: boolean, tally: Tally): string | undefined {
  const whole = readWithOurs(bytes, [], late)
  const cut = readWithOurs(bytes, cuts, late)
  const fault = faultOf(whole) ?? faultOf(cut)
  if (fault !== undefined) return fault
  if (JSON.stringify([whole.requests, whole.statuses]) !== JSON.stringify([cut.requests, cut.statuses])) {
    return `read in another way when cut at ${cuts.join(', ')}`
  }
  const difference = compare(whole, readWithLlhttp(bytes))
  if (difference === undefined) {
    tally.same++
    return undefined
  }
  const row = allowed(difference)
  if (row !== undefined) tally.rows.set(row.name, (tally.rows.get(row.name) ?? 0) + 1)
  return row === undefined
    ? `${difference.kind} ${difference.what}, ours: ${difference.ours}, theirs: ${difference.theirs}`
    : undefined
}

/** Each complete request has its answer, what was refused has one, and nothing else has. */
function faultOf({ requests, problem, statuses, defect }: OurReading): string | undefined {
  if (defect !== undefined) return `a defect: ${defect instanceof Error ? defect.stack : 'not an error'}`
  const complete = requests.filter((request) => request.complete).length
  const refused = statuses.filter((status) => status === 400).length
  if (refused !== (problem === '' ? 0 : 1)) return `${refused} refusals, problem: ${problem}`
  return statuses.length - refused === complete ? undefined : `${complete} requests, ${statuses.length - refused} answers`
}

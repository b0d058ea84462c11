// Results: one JSON file a scenario and date, and one table of the newest of each, made of those files.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Machine } from './machine.ts'
import type { Budget, Row, Samples, Scenario } from './scenario.ts'
import { median, ratios, summarize } from './stats.ts'

const FOLDER = new URL('../results/', import.meta.url)

export interface Judged extends Budget {
  readonly value: number
  readonly met: boolean
}

export interface Result {
  readonly scenario: string
  readonly title: string
  readonly date: string
  readonly command: string
  readonly machine: Machine
  readonly rounds: number
  readonly seconds: number
  readonly rows: readonly Row[]
  readonly budgets: readonly Judged[]
}

export type Circumstances = Pick<Result, 'date' | 'command' | 'machine' | 'rounds' | 'seconds'>

export function resultOf({ name, title, budgets }: Scenario, samples: Samples, circumstances: Circumstances): Result {
  const rows = [...samples].map(([row, figures]) => ({
    name: row,
    figures: Object.fromEntries(Object.entries(figures).map(([figure, values]) => [figure, summarize(values)])),
  }))
  const judged = budgets.flatMap((budget) => judge(budget, samples) ?? [])
  return { scenario: name, title, ...circumstances, rows, budgets: judged }
}

/** Undefined where a row is missing. */
function judge(budget: Budget, samples: Samples): Judged | undefined {
  const { figure, against, of = 'outrigger', limit } = budget
  const ours = samples.get(of)?.[figure]
  const theirs = against === undefined ? undefined : samples.get(against)?.[figure]
  if (ours === undefined || (against !== undefined && theirs === undefined)) return undefined
  const value = theirs === undefined ? median(ours) : median(ratios(ours, theirs))
  return Number.isNaN(value) ? undefined : { ...budget, value, met: value <= limit }
}

export function save(result: Result): string {
  const name = `${result.date.slice(0, 10)}-${result.scenario}.json`
  writeFileSync(new URL(name, FOLDER), `${JSON.stringify(result, rounded, 2)}\n`)
  return name
}

/** Writes results/README.md from the newest file of each scenario. */
export function writeTable(): string {
  const newest = new Map<string, Result>()
  for (const name of readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()) {
    const result = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Result
    newest.set(result.scenario, result)
  }
  const text = `# Results\n\nMade by \`npm run bench\`; [bench/README.md](../README.md) says what the columns mean.\n\n${summaryOf([...newest.values()])}\n${[...newest.values()].map(section).join('\n')}`
  const path = new URL('README.md', FOLDER)
  writeFileSync(path, text)
  return fileURLToPath(path)
}

function summaryOf(results: readonly Result[]): string {
  const lines = results.flatMap(({ title, budgets }) =>
    budgets.map(({ figure, against, of, value, limit, met }) => {
      const what = `${figure}${of === undefined ? '' : ` of ${of}`}${against === undefined ? '' : `, × ${against}`}`
      return `| ${title} | ${what} | ${show(value)} | ${limit} | ${met ? 'met' : '**missed**'} |`
    }),
  )
  return ['| work | figure | measured | budget | |', '|---|---|---|---|---|', ...lines, ''].join('\n')
}

function section({ title, date, command, machine, rounds, seconds, rows }: Result): string {
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))]
  const body = rows.map((row) => {
    const cells = figures.map((figure) => {
      const summary = row.figures[figure]
      if (summary === undefined) return ''
      const { median: middle, min, max } = summary
      return min === max ? show(middle) : `${show(middle)} (${show(min)}–${show(max)})`
    })
    return `| ${row.name} | ${cells.join(' | ')} |`
  })
  const table = [`| | ${figures.join(' | ')} |`, `|---|${figures.map(() => '---|').join('')}`, ...body]
  const { cpu, cores, node, kernel, loadBefore, commit } = machine
  const facts = `${date.slice(0, 16)}Z, commit ${commit}, \`${command}\`: ${rounds} rounds of ${seconds} s; ${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}, load ${loadBefore} before.`
  return `## ${title}\n\n${table.join('\n')}\n\n${facts}\n`
}

function show(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}

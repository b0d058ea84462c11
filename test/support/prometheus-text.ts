// Reads the Prometheus text format as strictly as a scraper, and finds samples in it.

export interface TextSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/

/** Throws on what a scraper refuses: malformed lines, a series twice, a family in two places, a type after samples. */
export function parseText(text: string): TextSample[] {
  const samples: TextSample[] = []
  const seen = new Set<string>()
  const types = new Map<string, string>()
  let family = ''
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string]
      if (kind === 'HELP') family = startFamily(types, name)
      else if (name !== family) throw new Error(`TYPE without HELP: ${line}`)
      else types.set(name, rest)
      continue
    }
    const sample = parseSample(line)
    const base = types.get(family) === 'histogram' ? sample.name.replace(/_(bucket|sum|count)$/, '') : sample.name
    if (base !== family) throw new Error(`a sample outside of its family: ${line}`)
    const key = line.slice(0, line.lastIndexOf(' '))
    if (seen.has(key)) throw new Error(`a series twice: ${line}`)
    seen.add(key)
    samples.push(sample)
  }
  return samples
}

function startFamily(types: Map<string, string>, name: string): string {
  if (types.has(name)) throw new Error(`a family twice: ${name}`)
  types.set(name, 'untyped')
  return name
}

function parseSample(line: string): TextSample {
  const match = LINE.exec(line)
  if (match === null) throw new Error(`malformed: ${line}`)
  const labels: Record<string, string> = {}
  let rest = match[2] ?? ''
  while (rest !== '') {
    const label = LABEL.exec(rest)
    if (label === null || label[1] === undefined || label[1] in labels) throw new Error(`malformed labels: ${line}`)
    labels[label[1]] = (label[2] as string).replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
    rest = rest.slice(label[0].length)
  }
  return { name: match[1] as string, labels, value: numberOf(match[3] as string) }
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  const value = Number(text)
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan') throw new Error(`no number: ${text}`)
  return value
}

/** The values of all samples that carry these labels, whatever else they carry. */
export function valuesOf(samples: readonly TextSample[], name: string, labels: Readonly<Record<string, string>> = {}): number[] {
  return samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .map(({ value }) => value)
}

export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

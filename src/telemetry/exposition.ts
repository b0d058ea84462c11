// The Prometheus text format, version 0.0.4, written in pieces so that a large answer never holds up the data path for long.
import type { FamilySpec } from './family.ts'

/** A label set and its numbers: the value; of a histogram the buckets (not cumulative, the last one +Inf) and then the sum. */
export interface Sample {
  readonly labels: string
  readonly numbers: ArrayLike<number>
}

/** Characters after which a piece is handed on. */
const PIECE_CHARS = 65_536

export function labelText(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escapeLabel(labels[name] as string)}"`
  return text
}

export function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : value
}

/** Nothing at all for a family without samples. */
export function* renderFamily(spec: FamilySpec, samples: Iterable<Sample>): Generator<string, void, undefined> {
  let piece = `# HELP ${spec.name} ${spec.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${spec.name} ${spec.type}\n`
  let empty = true
  const line = spec.type === 'histogram' ? histogramLines(spec) : valueLine(spec)
  for (const sample of samples) {
    empty = false
    piece += line(sample)
    if (piece.length < PIECE_CHARS) continue
    yield piece
    piece = ''
  }
  if (!empty && piece !== '') yield piece
}

function valueLine(spec: FamilySpec): (sample: Sample) => string {
  const { name } = spec
  return ({ labels, numbers }) => `${name}${labels === '' ? '' : `{${labels}}`} ${numberText(numbers[0] as number)}\n`
}

function histogramLines(spec: FamilySpec): (sample: Sample) => string {
  const { name } = spec
  const ends = [...(spec.buckets ?? []), Infinity].map((bound) => `le="${numberText(bound)}"} `)
  return ({ labels, numbers }) => {
    const start = `${name}_bucket{${labels}${labels === '' ? '' : ','}`
    const braced = labels === '' ? '' : `{${labels}}`
    let text = ''
    let count = 0
    for (let i = 0; i < ends.length; i++) {
      count += numbers[i] as number
      text += `${start}${ends[i]}${count}\n`
    }
    return `${text}${name}_sum${braced} ${numberText(numbers[ends.length] as number)}\n${name}_count${braced} ${count}\n`
  }
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

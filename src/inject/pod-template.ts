// What of a Pod injection looks at; everything else is passed on untouched.
import type { Flaw } from './annotations.ts'

type Mapping = Readonly<Record<string, unknown>>

export interface Container extends Mapping {
  readonly name: string
}

export interface PodSpec extends Mapping {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Container[]
}

/** A Pod, or what a Deployment makes Pods from. */
export interface PodTemplate extends Mapping {
  readonly metadata?: Mapping & {
    readonly annotations?: Readonly<Record<string, string>> | null
    readonly labels?: Readonly<Record<string, string>> | null
  }
  readonly spec: PodSpec
}

/** undefined when it is none; the flaws say why. */
export function readPodTemplate(value: unknown, flaws: Flaw[]): PodTemplate | undefined {
  const before = flaws.length
  const wrong = (path: Flaw['path'], expected: string): void => {
    flaws.push({ path, message: `expected ${expected}`, hint: '' })
  }
  if (!isMapping(value) || !isMapping(value['spec'])) {
    wrong(['spec'], 'the specification of a Pod')
    return undefined
  }
  const { metadata, spec } = value
  if (metadata !== undefined && !isMapping(metadata)) wrong(['metadata'], 'a mapping')
  for (const key of ['annotations', 'labels']) {
    const texts: unknown = isMapping(metadata) ? metadata[key] : undefined
    if (texts !== undefined && texts !== null && !isTexts(texts)) wrong(['metadata', key], 'a mapping of text to text')
  }
  for (const key of ['containers', 'initContainers', 'volumes']) {
    const list: unknown = spec[key]
    if (list === undefined && key !== 'containers') continue
    if (!Array.isArray(list) || (key === 'containers' && list.length === 0)) wrong(['spec', key], 'a list of containers')
    else if (!list.every((item) => isMapping(item) && typeof item['name'] === 'string'))
      wrong(['spec', key], 'a name for each entry')
  }
  return flaws.length > before ? undefined : (value as unknown as PodTemplate)
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): boolean {
  return isMapping(value) && Object.values(value).every((item) => typeof item === 'string')
}

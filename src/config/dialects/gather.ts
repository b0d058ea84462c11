// Sorts documents: settings here, resources there, lists and ConfigMaps opened up; and says what is not understood.

import type { SourceDocument } from '../document.ts'
import { parseDocuments } from '../document.ts'
import { isConfigFileName } from '../files.ts'
import { parseWith } from '../issues.ts'
import { didYouMean, nearest } from '../nearest.ts'
import type { Path, Problems } from '../problem.ts'
import { formatPlace, quote } from '../problem.ts'
import { settingsSchema } from '../schema/settings.ts'
import { groupNames, groupOf, kindOf } from './registry.ts'
import type { Kind, Resource } from './resource.ts'
import { placeIn, Resources } from './resource.ts'

type Mapping = Readonly<Record<string, unknown>>

export interface Gathered {
  readonly settings: readonly SourceDocument[]
  readonly resources: Resources
}

export function gather(documents: readonly SourceDocument[], problems: Problems): Gathered {
  const gathering = new Gathering(problems)
  for (const document of documents) gathering.addDocument(document)
  return { settings: gathering.settings, resources: gathering.resources }
}

class Gathering {
  readonly settings: SourceDocument[] = []
  readonly resources = new Resources()
  readonly #problems: Problems
  readonly #seen = new Map<string, Resource>()

  constructor(problems: Problems) {
    this.#problems = problems
  }

  addDocument(document: SourceDocument): void {
    if ('apiVersion' in document.value) this.#addResource(document, [], document.value)
    else this.settings.push(document)
  }

  #addResource(document: SourceDocument, base: Path, value: Mapping): void {
    const { apiVersion, kind } = value
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
      const key = typeof apiVersion !== 'string' ? 'apiVersion' : 'kind'
      this.#problems.error(document.at([...base, key]), `${key}: expected text, got ${quote(value[key])}`)
      return
    }
    const slash = apiVersion.indexOf('/')
    const group = slash < 0 ? '' : apiVersion.slice(0, slash)
    if (group === '' && kind.endsWith('List')) this.#addList(document, base, value)
    else if (group === '' && kind === 'ConfigMap') this.#addConfigMap(document, base, value)
    else this.#addOfGroup({ document, base, value, group, kind, version: apiVersion.slice(slash + 1) })
  }

  #addOfGroup(raw: Raw): void {
    const { document, base, group, kind, version } = raw
    const known = groupOf(group)
    const fullName = group === '' ? kind : `${kind} of ${group}`
    if (known === undefined) return this.#unknownGroup(raw)
    const state = kindOf(known, kind)
    if (state === undefined) {
      this.#problems.error(
        document.at([...base, 'kind']),
        `the kind ${fullName} is not known`,
        didYouMean(kind, Object.keys(known.kinds)),
      )
    } else if (state === 'ignored') {
      this.#problems.warning(document.at([...base, 'kind']), `${fullName} is ignored`)
    } else if (state === 'later') {
      const hint = 'it is refused rather than ignored, because traffic would go otherwise than it says'
      this.#problems.error(document.at([...base, 'kind']), `this version does not understand ${fullName} yet`, hint)
    } else if (!(state.versions ?? known.versions).includes(version)) {
      this.#problems.error(
        document.at([...base, 'apiVersion']),
        `version ${quote(version)} of ${fullName} is not understood`,
        `understood: ${(state.versions ?? known.versions).join(', ')}`,
      )
    } else this.#addKnown(raw, state)
  }

  /** Others' resources are none of ours; but a policy must not pass unseen because its group is misspelt. */
  #unknownGroup({ document, base, group, kind }: Raw): void {
    const place = document.at([...base, 'apiVersion'])
    const meant = nearest(group, groupNames())
    const known = meant === undefined ? undefined : groupOf(meant)
    if (known === undefined || kindOf(known, kind) === undefined) this.#problems.warning(place, `${kind} of ${group} is ignored`)
    else this.#problems.error(place, `the group ${group} of ${kind} is not known`, `did you mean ${quote(meant)}?`)
  }

  #addKnown({ document, base, value, group, kind }: Raw, state: Kind): void {
    const parsed = parseWith(state.schema, value, { document, base }, this.#problems)
    if (parsed === undefined) return
    const { name, namespace } = (parsed as { metadata: { name: string; namespace?: string | null } }).metadata
    const resource: Resource = {
      group,
      kind,
      name,
      namespace: state.namespaced ? (namespace ?? 'default') : '',
      value: parsed,
      document,
      base,
    }
    const key = `${group}/${kind}/${resource.namespace}/${name}`
    const first = this.#seen.get(key)
    if (first === undefined) {
      this.#seen.set(key, resource)
      this.resources.add(state, resource)
    } else {
      const full = resource.namespace === '' ? name : `${resource.namespace}/${name}`
      const [place, where] = [placeIn(resource), formatPlace(placeIn(first))]
      // files come first, and win
      if (place.file.startsWith('kubernetes:'))
        this.#problems.warning(place, `${kind} ${full} of the cluster gives way to ${where}`)
      else this.#problems.error(place, `${kind} ${full} is there twice, first at ${where}`)
    }
  }

  /** `kind: List`, and lists of one kind, whose items may leave out what the list says. */
  #addList(document: SourceDocument, base: Path, list: Mapping): void {
    const { items } = list
    if (items === null || items === undefined) return
    if (!Array.isArray(items)) {
      this.#problems.error(document.at([...base, 'items']), `items: expected a list, got ${quote(items)}`)
      return
    }
    const itemKind = (list['kind'] as string).slice(0, -'List'.length)
    for (const [index, item] of items.entries()) {
      const path = [...base, 'items', index]
      if (!isMapping(item)) this.#problems.error(document.at(path), `items[${index}]: expected a mapping, got ${quote(item)}`)
      else this.#addResource(document, path, itemKind === '' ? item : { apiVersion: list['apiVersion'], kind: itemKind, ...item })
    }
  }

  /** Files in a ConfigMap count as files of their own, as they would once it is mounted; what is not for us may be there, too. */
  #addConfigMap(document: SourceDocument, base: Path, value: Mapping): void {
    const data = value['data']
    if (!isMapping(data)) return
    for (const [name, text] of Object.entries(data)) {
      if (!isConfigFileName(name) || typeof text !== 'string') continue
      const path = [...base, 'data', name]
      for (const inner of parseDocuments(document.textAt(path), this.#problems)) {
        if ('apiVersion' in inner.value || looksLikeSettings(inner.value)) this.addDocument(inner)
        else
          this.#problems.warning(
            inner.at([]),
            `${quote(name)} of this ConfigMap has neither settings nor resources; it is ignored`,
          )
      }
    }
  }
}

interface Raw {
  readonly document: SourceDocument
  readonly base: Path
  readonly value: Mapping
  readonly group: string
  readonly kind: string
  readonly version: string
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function looksLikeSettings(value: Mapping): boolean {
  return Object.keys(value).some((key) => key in settingsSchema.shape)
}

// Kubernetes manifests as text that is changed in places: untouched documents stay as they are to the byte, touched ones keep their
// comments and the order of their keys.
import { type Document, isNode, isSeq, parseDocument } from 'yaml'
import type { PatchOperation } from '../core/json-patch.ts'
import { parseDocuments, type Source, type SourceDocument } from './document.ts'
import type { Place, Problems } from './problem.ts'

export interface Manifest {
  /** As it was read, whatever has been edited since. */
  readonly document: SourceDocument
  edit(operations: readonly PatchOperation[]): void
}

/** A file of manifests. */
export class ManifestFile {
  readonly manifests: readonly Manifest[]
  readonly #parts: readonly Part[]

  constructor(source: Source, problems: Problems) {
    let line = 0
    this.#parts = splitDocuments(source.text).map((text) => {
      const first = line
      line += text.split('\n').length - 1
      const place = (inner: number, column: number): Place => source.place(first + inner, column)
      return new Part(text, parseDocuments({ text, place }, problems)[0])
    })
    this.manifests = this.#parts.filter(hasDocument)
  }

  /** The whole, with what was changed. */
  text(): string {
    return this.#parts.map((part) => part.text()).join('')
  }
}

class Part {
  /** undefined: there is nothing in it. */
  readonly document: SourceDocument | undefined
  readonly #text: string
  #edited: Document | undefined

  constructor(text: string, document: SourceDocument | undefined) {
    this.#text = text
    this.document = document
  }

  edit(operations: readonly PatchOperation[]): void {
    if (operations.length === 0) return
    this.#edited ??= parseDocument(this.#text)
    for (const operation of operations) apply(this.#edited, operation)
  }

  text(): string {
    if (this.#edited === undefined) return this.#text
    // JSON stays JSON
    if (this.#text.trimStart().startsWith('{')) return `${JSON.stringify(this.#edited.toJS(), null, 2)}\n`
    const marker = /^---[^\n]*\n/.exec(this.#text)?.[0] ?? ''
    const printed = this.#edited.toString({ lineWidth: 0 })
    return printed.startsWith('---') ? printed : marker + printed
  }
}

function hasDocument(part: Part): part is Part & { readonly document: SourceDocument } {
  return part.document !== undefined
}

/** Each with the marker that it begins with; a marker stands at the beginning of a line and nowhere else (YAML 1.2 §9.1.2). */
function splitDocuments(text: string): string[] {
  const starts = [...new Set([0, ...Array.from(text.matchAll(/^---(?=\s|$)/gm), ({ index }) => index)])]
  return starts.map((start, i) => text.slice(start, starts[i + 1])).filter((part) => part !== '')
}

function apply(document: Document, operation: PatchOperation): void {
  const { op, path } = operation
  if (op === 'remove') {
    document.deleteIn(path)
    return
  }
  const node = document.createNode(operation.value)
  const old: unknown = document.getIn(path, true)
  if (op === 'replace' && isNode(old)) {
    node.comment = old.comment ?? null
    node.commentBefore = old.commentBefore ?? null
  }
  const list = document.getIn(path.slice(0, -1))
  if (op === 'add' && isSeq(list)) list.items.splice(Number(path.at(-1)), 0, node)
  else document.setIn(path, node)
}

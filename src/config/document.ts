// One YAML or JSON document as plain values, with the place of every one of them. Reading only: manifests.ts edits.
// What could harm or mislead is refused here: duplicate keys, prototype keys, alias bombs, endless nesting, odd tags.

import type { Alias, Document, Node, ParsedNode } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, stringify } from 'yaml'
import { readJson } from './json.ts'
import type { Path, Place } from './problem.ts'
import { formatPlace, Problems } from './problem.ts'

export interface SourceDocument {
  readonly value: Readonly<Record<string, unknown>>
  /** Place of a value; of the nearest thing around it when there is none. */
  at(path: Path): Place
  /** Place of the last key of a path. */
  keyAt(path: Path): Place
  /** The text at a path as a source of further documents. */
  textAt(path: Path): Source
}

/** Text with documents in it, and where its lines and columns really are. */
export interface Source {
  readonly text: string
  place(line: number, column: number): Place
}

const MAX_DEPTH = 64
/** Nodes that aliases may add to a document. */
const MAX_ALIASED_NODES = 10_000
const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

export function fileSource(file: string, bytes: Uint8Array, problems: Problems): Source {
  const place = (line: number, column: number): Place => ({ file, line, column })
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), place }
  } catch {
    problems.error(place(1, 1), 'the file is not UTF-8 text')
    return { text: '', place }
  }
}

/** Documents without a syntax error; empty ones are left out. */
export function parseDocuments(source: Source, problems: Problems): SourceDocument[] {
  const value = readJson(source.text, MAX_DEPTH, PROTOTYPE_KEYS)
  return value === undefined ? parseYaml(source, problems) : [new JsonDocument(source, value)]
}

function parseYaml(source: Source, problems: Problems): SourceDocument[] {
  const lines = new LineCounter()
  // keys are compared in Reader: the parser's own check takes quadratic time
  const parsed = parseAllDocuments(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent',
  })
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return source.place(Math.max(line, 1), Math.max(col, 1))
  }
  const documents: SourceDocument[] = []
  for (const document of parsed as Document.Parsed[]) {
    const [flaw] = [...document.errors, ...document.warnings]
    if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
      problems.error(source.place(1, 1), `YAML ${document.directives.yaml.version} is not read here`, 'leave %YAML out')
    } else if (flaw !== undefined) problems.error(placeOf(flaw.pos[0]), syntaxMessage(flaw.message))
    else if (!isEmpty(document.contents)) readDocument(document, { source, placeOf, problems }, documents)
  }
  return documents
}

/** YAML text of plain values, quoted so that readers of older YAML see the same. */
export function formatYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })
}

interface Context {
  readonly source: Source
  readonly placeOf: (offset: number) => Place
  readonly problems: Problems
}

function readDocument(document: Document.Parsed, context: Context, documents: SourceDocument[]): void {
  if (!isMap(document.contents)) {
    context.problems.error(context.placeOf(startOf(document.contents)), 'expected a mapping of keys to values')
    return
  }
  const value = new Reader(document, context).read(document.contents, 0)
  documents.push(new YamlDocument(document, value as Record<string, unknown>, context))
}

/** From nodes to plain values. */
class Reader {
  readonly #document: Document.Parsed
  readonly #context: Context
  #aliasedNodes = 0
  #inAlias = 0

  constructor(document: Document.Parsed, context: Context) {
    this.#document = document
    this.#context = context
  }

  read(node: Node | null, depth: number): unknown {
    if (this.#inAlias > 0 && ++this.#aliasedNodes > MAX_ALIASED_NODES) {
      if (this.#aliasedNodes > MAX_ALIASED_NODES + 1) return null
      return this.#refuse(node, 'aliases make this document too large')
    }
    if (depth > MAX_DEPTH) return this.#refuse(node, `nested deeper than ${MAX_DEPTH} levels`)
    if (node === null) return null
    if (isAlias(node)) return this.#readAlias(node, depth)
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1))
    if (isMap(node)) return this.#readMap(node.items as Pair[], depth)
    if (isScalar(node)) return this.#readScalar(node)
    return this.#refuse(node, 'this kind of YAML value is not understood here')
  }

  #readMap(items: readonly Pair[], depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    const firstKeys = new Map<string, Node>()
    for (const { key, value: item } of items) {
      const name = this.#readKey(key)
      if (name === undefined) continue
      const first = firstKeys.get(name)
      if (first !== undefined) {
        const where = formatPlace(this.#context.placeOf(startOf(first)))
        this.#refuse(key, `duplicate key ${JSON.stringify(name)}, first at ${where}`)
        continue
      }
      firstKeys.set(name, key as Node)
      value[name] = this.read(item, depth + 1)
    }
    return value
  }

  #readKey(key: Node | null): string | undefined {
    const node = isAlias(key) ? key.resolve(this.#document) : key
    if (!isScalar(node) || node.value === null || typeof node.value === 'object') {
      this.#refuse(key, 'expected a key of plain text')
      return undefined
    }
    const name = `${node.value as string | number | boolean | bigint}`
    if (!PROTOTYPE_KEYS.has(name)) return name
    this.#refuse(key, `the key ${JSON.stringify(name)} is not allowed`)
    return undefined
  }

  #readScalar(node: Node & { value: unknown }): unknown {
    const { value } = node
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
    return this.#refuse(node, 'this kind of YAML value is not understood here')
  }

  #readAlias(node: Alias, depth: number): unknown {
    const anchored = node.resolve(this.#document)
    if (anchored === undefined) return this.#refuse(node, `there is no anchor ${JSON.stringify(node.source)} before this`)
    this.#inAlias++
    const value = this.read(anchored, depth + 1)
    this.#inAlias--
    return value
  }

  #refuse(node: Node | null, message: string): null {
    this.#context.problems.error(this.#context.placeOf(startOf(node)), message)
    return null
  }
}

interface Pair {
  readonly key: Node | null
  readonly value: Node | null
}

/** Its places are looked for when somebody asks, which is when something is wrong with it. */
class JsonDocument implements SourceDocument {
  readonly value: Readonly<Record<string, unknown>>
  readonly #source: Source
  #exact: SourceDocument | undefined

  constructor(source: Source, value: Readonly<Record<string, unknown>>) {
    this.value = value
    this.#source = source
  }

  at(path: Path): Place {
    return this.#read()?.at(path) ?? this.#source.place(1, 1)
  }

  keyAt(path: Path): Place {
    return this.#read()?.keyAt(path) ?? this.#source.place(1, 1)
  }

  textAt(path: Path): Source {
    return this.#read()?.textAt(path) ?? { text: '', place: () => this.#source.place(1, 1) }
  }

  #read(): SourceDocument | undefined {
    this.#exact ??= parseYaml(this.#source, new Problems())[0]
    return this.#exact
  }
}

class YamlDocument implements SourceDocument {
  readonly value: Readonly<Record<string, unknown>>
  readonly #document: Document.Parsed
  readonly #context: Context

  constructor(document: Document.Parsed, value: Readonly<Record<string, unknown>>, context: Context) {
    this.#document = document
    this.value = value
    this.#context = context
  }

  at(path: Path): Place {
    return this.#context.placeOf(startOf(this.#find(path).node))
  }

  keyAt(path: Path): Place {
    const { node, key } = this.#find(path)
    return this.#context.placeOf(startOf(key ?? node))
  }

  textAt(path: Path): Source {
    const { node } = this.#find(path)
    const text = isScalar(node) && typeof node.value === 'string' ? node.value : ''
    const start = this.at(path)
    const shift = isScalar(node) && node.type === 'BLOCK_LITERAL' ? this.#blockIndent(node, text) : undefined
    if (shift === undefined) return { text, place: () => start }
    return { text, place: (line, column) => ({ file: start.file, line: start.line + line, column: column + shift }) }
  }

  #find(path: Path): { node: Node | null; key: Node | null } {
    let node: Node | null = this.#document.contents
    let key: Node | null = null
    for (const step of path) {
      const inner: Node | null | undefined = isAlias(node) ? node.resolve(this.#document) : node
      const pair = isMap(inner)
        ? (inner.items as Pair[]).find((item) => isScalar(item.key) && String(item.key.value) === String(step))
        : undefined
      const next: Node | null | undefined = isSeq(inner) ? (inner.items[Number(step)] as Node | undefined) : pair?.value
      if (pair === undefined && next === undefined) return { node, key: null }
      key = pair?.key ?? null
      node = next ?? pair?.key ?? null
    }
    return { node, key }
  }

  /** Columns that a block of text is indented by. */
  #blockIndent(node: Node, text: string): number {
    const header = this.#context.source.text.indexOf('\n', startOf(node))
    const lines = text.split('\n')
    const first = lines.findIndex((line) => line.trim() !== '')
    const inSource = this.#context.source.text.slice(header + 1).split('\n', first + 1)[first] ?? ''
    return indentOf(inSource) - indentOf(lines[first] ?? '')
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function isEmpty(node: ParsedNode | null): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === '')
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0
}

function syntaxMessage(message: string): string {
  // what the parser says of nesting that it cannot follow
  if (message.startsWith('Maximum call stack')) return `nested deeper than ${MAX_DEPTH} levels`
  return `not valid YAML: ${message.split('\n', 1)[0]}`
}

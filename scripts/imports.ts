// What a TypeScript file imports: statically, dynamically, by re-export and in types.
import { parseSync, Visitor } from 'oxc-parser'

export interface Import {
  /** undefined: import() of an expression. */
  readonly specifier: string | undefined
  /** Loaded with the file itself; not types alone, and not import(). */
  readonly loads: boolean
  readonly line: number
}

export function importsOf(path: string, source: string): Import[] {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const found: Import[] = []
  const take = (node: { source?: object | null; start: number }, loads: boolean): void => {
    if (node.source === null || node.source === undefined) return
    const value = 'value' in node.source ? node.source.value : undefined
    found.push({ specifier: typeof value === 'string' ? value : undefined, loads, line: lineAt(source, node.start) })
  }
  new Visitor({
    // `import { type A }` loads the file all the same
    ImportDeclaration: (node) => take(node, node.importKind !== 'type'),
    ExportNamedDeclaration: (node) => take(node, node.exportKind !== 'type'),
    ExportAllDeclaration: (node) => take(node, node.exportKind !== 'type'),
    ImportExpression: (node) => take(node, false),
    TSImportType: (node) => take(node, false),
  }).visit(program)
  return found
}

function lineAt(source: string, offset: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) line++
  return line
}

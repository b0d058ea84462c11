// What a TypeScript file imports: statically, dynamically, by re-export and in types.
import { parseSync, Visitor } from 'oxc-parser'

export interface Import {
  /** undefined: import() of an expression. */
  readonly specifier: string | undefined
  readonly line: number
}

export function importsOf(path: string, source: string): Import[] {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const found: Import[] = []
  const take = (node: { source?: object | null; start: number }): void => {
    if (node.source === null || node.source === undefined) return
    const value = 'value' in node.source ? node.source.value : undefined
    found.push({ specifier: typeof value === 'string' ? value : undefined, line: lineAt(source, node.start) })
  }
  new Visitor({
    ImportDeclaration: take,
    ExportNamedDeclaration: take,
    ExportAllDeclaration: take,
    ImportExpression: take,
    TSImportType: take,
  }).visit(program)
  return found
}

function lineAt(source: string, offset: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at >= 0 && at < offset; at = source.indexOf('\n', at + 1)) line++
  return line
}

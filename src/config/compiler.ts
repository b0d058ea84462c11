// What turns files into a Config, as their source sees it: in this thread, or in one of its own (compile-thread.ts).
import type { Closable } from '../core/lifecycle.ts'
import type { Environment } from './environment.ts'
import type { ConfigFile } from './files.ts'
import type { LoadOptions, LoadResult } from './load.ts'
import { type Problem, Problems } from './problem.ts'

export interface CompileOrder {
  /** The same for the same files. */
  readonly fingerprint: string
  readonly files: readonly ConfigFile[]
  readonly environment: Environment
  /** From reading the files. */
  readonly problems: readonly Problem[]
}

export interface Compiler extends Closable {
  /** There will probably be something to compile soon; `order`: probably this, which may be begun with. */
  expect(order: CompileOrder | undefined): void
  compile(order: CompileOrder): Promise<LoadResult>
  /** Nothing is expected for now. */
  rest(): void
}

/** In this thread. What it takes is loaded when it is first needed. */
export function compileHere(examine?: LoadOptions['examine']): Compiler {
  return {
    expect() {},
    rest() {},
    close() {},
    async compile({ files, environment, problems }) {
      const { compileFiles } = await import('./load.ts')
      return compileFiles(files, { environment, ...(examine ? { examine } : {}) }, Problems.of(problems))
    },
  }
}

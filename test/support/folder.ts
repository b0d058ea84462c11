// A folder of its own for a test, gone with it.
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

export class Folder {
  readonly path: string

  constructor(t: Test) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'outrigger-')))
    t.teardown(() => rmSync(this.path, { recursive: true, force: true }))
  }

  join(...names: readonly string[]): string {
    return join(this.path, ...names)
  }

  /** In place, as an editor without care would. */
  write(name: string, text: string): void {
    writeFileSync(this.join(name), text)
  }

  /** Whole at once. */
  replace(name: string, text: string): void {
    writeFileSync(this.join(`.${name}.new`), text)
    renameSync(this.join(`.${name}.new`), this.join(name))
  }
}

// Expectations that other projects wrote, beside the checkout in ../shared/conformance. A test that finds none says so and skips.
import { existsSync, readFileSync } from 'node:fs'
import type { Test } from 'tap'

const FOLDER = new URL('../../../shared/conformance/', import.meta.url)

/** One section of a file there; skips `t` with a word and returns nothing when the file is missing. */
export function outsideCases(t: Test, file: string, section: string): readonly unknown[] {
  const path = new URL(file, FOLDER)
  if (!existsSync(path)) {
    t.pass(`${file} is not there`, { skip: '../shared/conformance is missing' })
    return []
  }
  const { sections } = JSON.parse(readFileSync(path, 'utf8')) as { sections: Record<string, readonly unknown[]> }
  return sections[section] as readonly unknown[]
}

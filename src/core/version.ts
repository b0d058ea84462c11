// The version of this program, from the package.json that it came with.
import { readFileSync } from 'node:fs'

export function programVersion(): string {
  // two folders up from the source and from what the build makes of it
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}

// Files that belong together, changed together: written beside those in use, then put in their place by one rename of a symbolic link, as
// Kubernetes does with mounted Secrets. Whoever reads sees all old or all new ones.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const DATA = '..data'
const READABLE = 0o644
const SECRET = 0o600

/** undefined: the file is not there. */
export function readIfThere(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The folder then has exactly these files; keys (`*.key`) are for the owner alone. `stamp`: a name that was not used before. */
export function writeFolder(folder: string, files: Readonly<Record<string, string>>, stamp: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const next = `..${stamp}`
  mkdirSync(join(folder, next), { mode: 0o755 })
  for (const [name, text] of Object.entries(files))
    writeSynced(join(folder, next, name), text, name.endsWith('.key') ? SECRET : READABLE)
  const former = linkOf(join(folder, DATA))
  replaceLink(folder, DATA, next)
  for (const name of Object.keys(files))
    if (linkOf(join(folder, name)) !== `${DATA}/${name}`) replaceLink(folder, name, `${DATA}/${name}`)
  for (const entry of readdirSync(folder)) {
    const ours = linkOf(join(folder, entry)) === `${DATA}/${entry}`
    if (ours && !Object.hasOwn(files, entry)) rmSync(join(folder, entry))
  }
  if (former !== undefined && former !== next && former.startsWith('..'))
    rmSync(join(folder, former), { recursive: true, force: true })
}

function writeSynced(path: string, text: string, mode: number): void {
  const fd = openSync(path, 'wx', mode)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function replaceLink(folder: string, name: string, target: string): void {
  const temporary = join(folder, `${name}.new`)
  rmSync(temporary, { force: true })
  symlinkSync(target, temporary)
  renameSync(temporary, join(folder, name))
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

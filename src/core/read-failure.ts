// Why a file could not be read, in words for whoever named it.
import { readFileSync } from 'node:fs'

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  EMFILE: 'too many open files',
}

export function readFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return WORDS[code ?? ''] ?? message
}

/** The file's bytes; throws with its name and the reason. `said`: how the sentence begins. */
export function readNamed(path: string, said = 'cannot read'): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`${said} ${path}: ${readFailure(error)}`, { cause: error })
  }
}

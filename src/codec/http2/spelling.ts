// HTTP/2 writes names in lower case and has no Host among its fields. Where two sidecars carry HTTP/1.1 over it, this field tells the far one
// how the names of a head were written and in which order, so that the application sees what was sent. It never leaves the two: each
// takes it out of what it reads, from whomever it comes. And it can only spell what is there: no field comes or goes by it.
import type { Fields } from '../../core/fields.ts'

/** Beyond this it is not worth it: the head goes on in lower case. */
const MAX_LENGTH = 4096

/** The names of a head in order, as they were written; '' when they are too long. */
export function spellingOf(fields: Fields): string {
  const { list } = fields
  let text = list[1] ?? ''
  for (let i = 4; i < list.length; i += 3) text += `,${list[i] as string}`
  return text.length > MAX_LENGTH ? '' : text
}

/** Writes the names as `spelling` does, in its order; what it does not name follows. `authority`: value of a Host that it names. */
export function respell(fields: Fields, spelling: string, authority = ''): void {
  if (spelling.length > MAX_LENGTH) return
  const { list } = fields
  const left = list.splice(0)
  let hostIsDue = authority !== ''
  for (const name of spelling.split(',')) {
    const lower = name.toLowerCase()
    if (lower === 'host' && hostIsDue) {
      hostIsDue = false
      list.push(lower, name, authority)
    } else take(left, list, lower, name)
  }
  for (const one of left) if (one !== TAKEN) list.push(one)
}

/** No name and no value: those that readers let through have no NUL. */
const TAKEN = '\0'

/** Moves the next field of this name, if there is one. */
function take(left: string[], list: string[], lower: string, name: string): void {
  for (let i = 0; i < left.length; i += 3) {
    if (left[i] !== lower) continue
    list.push(lower, name, left[i + 2] as string)
    left[i] = left[i + 1] = left[i + 2] = TAKEN
    return
  }
}

// Where a request carries its token: fields, query parameters, cookies. Finds it there, and takes it away.
import type { RequestHead } from '../../codec/message.ts'
import type { TokenConfig } from '../../config/schema/tokens.ts'

export interface Place {
  /** Tokens that stand there. */
  find(head: RequestHead): readonly string[]
  remove(head: RequestHead): void
}

const NONE: readonly string[] = []
const BEARER: Place = fieldPlace('authorization', 'Bearer ')
const ACCESS_TOKEN: Place = paramPlace('access_token')

export function placesOf({ fromHeaders, fromParams, fromCookies }: TokenConfig): readonly Place[] {
  const named = [
    ...fromHeaders.map(({ name, prefix }) => fieldPlace(name.toLowerCase(), prefix)),
    ...fromParams.map(paramPlace),
    ...fromCookies.map(cookiePlace),
  ]
  return named.length > 0 ? named : [BEARER, ACCESS_TOKEN]
}

function fieldPlace(lower: string, prefix: string): Place {
  // an authentication scheme is written in any case (RFC 9110 §11.1)
  const wanted = prefix.toLowerCase()
  return {
    find({ fields }) {
      if (!fields.has(lower)) return NONE
      const tokens = fields.all(lower).flatMap((value) => {
        if (prefix === '') return [value]
        const at = value.toLowerCase().indexOf(wanted)
        return at < 0 ? [] : [firstWord(value.slice(at + prefix.length))]
      })
      return tokens.filter((token) => token !== '')
    },
    remove: ({ fields }) => fields.remove(lower),
  }
}

function firstWord(text: string): string {
  return text.trimStart().split(/[\s,]/, 1)[0] as string
}

function paramPlace(name: string): Place {
  return {
    find({ path }) {
      const mark = path.indexOf('?')
      // applications read a name that is written in escapes, too
      if (mark < 0 || (!path.includes(name, mark) && !path.includes('%', mark) && !path.includes('+', mark))) return NONE
      return new URLSearchParams(path.slice(mark + 1)).getAll(name).filter((token) => token !== '')
    },
    remove(head) {
      const mark = head.path.indexOf('?')
      if (mark < 0) return
      const kept = head.path
        .slice(mark + 1)
        .split('&')
        .filter((pair) => !new URLSearchParams(pair).has(name))
      head.path = head.path.slice(0, mark) + (kept.length === 0 ? '' : `?${kept.join('&')}`)
    },
  }
}

function cookiePlace(name: string): Place {
  const mine = (pair: string): boolean => pair.trim().startsWith(`${name}=`)
  return {
    find({ fields }) {
      if (!fields.has('cookie')) return NONE
      const pairs = fields.all('cookie').flatMap((value) => value.split(';'))
      return pairs.filter(mine).map((pair) => pair.trim().slice(name.length + 1))
    },
    remove({ fields }) {
      const kept = fields.all('cookie').flatMap((value) => value.split(';').filter((pair) => !mine(pair)))
      fields.remove('cookie')
      if (kept.length > 0) fields.push('cookie', 'cookie', kept.map((pair) => pair.trim()).join('; '))
    },
  }
}

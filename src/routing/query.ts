// Parameters of a query string, read only by routes that ask for one.

const PERCENT_OR_PLUS = /[%+]/

/** The first value of a parameter in 'a=1&b=2'; undefined when it is not there. '+' is a blank; broken escapes stand for themselves. */
export function queryValue(query: string, name: string): string | undefined {
  let start = 0
  while (start <= query.length) {
    const next = query.indexOf('&', start)
    const end = next < 0 ? query.length : next
    const sign = query.indexOf('=', start)
    const nameEnd = sign < 0 || sign > end ? end : sign
    if (nameEnd > start && decode(query.slice(start, nameEnd)) === name)
      return nameEnd < end ? decode(query.slice(nameEnd + 1, end)) : ''
    start = end + 1
  }
  return undefined
}

function decode(text: string): string {
  if (!PERCENT_OR_PLUS.test(text)) return text
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return decodeLeniently(spaced)
  }
}

/** Escapes that are no UTF-8 become U+FFFD, what is no escape stays. */
function decodeLeniently(text: string): string {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

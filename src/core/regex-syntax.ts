// What can be told of a regular expression from its text, without compiling it.

const META = new Set('.+*?()|[]{}^$\\')

/** The literal text that every match of a valid pattern begins with; '' when there is none or it is hard to tell. */
export function literalPrefix(pattern: string): string {
  if (hasAlternatives(pattern)) return ''
  let prefix = ''
  let i = pattern.startsWith('^') ? 1 : 0
  while (i < pattern.length) {
    let char = pattern.charAt(i)
    let next = i + 1
    if (char === '\\' && /[^a-zA-Z0-9]/.test(pattern.charAt(next))) {
      char = pattern.charAt(next)
      next++
    } else if (META.has(char)) break
    // a quantifier may make the character optional
    if (/[*?{+]/.test(pattern.charAt(next))) break
    prefix += char
    i = next
  }
  return prefix
}

/** Whether there is a '|' outside of all groups. */
function hasAlternatives(pattern: string): boolean {
  if (!pattern.includes('|')) return false
  // \Q…\E and classes may hold brackets that are none: say yes rather than count wrongly
  if (pattern.includes('\\Q') || /\[[^\]]*[()|]/.test(pattern)) return true
  let depth = 0
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    if (char === '\\') i++
    else if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === '|' && depth === 0) return true
  }
  return false
}

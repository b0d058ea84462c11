// Path templates, as Envoy and Istio have them, in the words of regular expressions.
import { quoteRegex } from './regex.ts'

const OPERATOR = /\{\*{1,2}\}/g

/**
 * `{*}` is one segment, or the rest of one; `{**}` is anything, slashes included, and comes last of the operators. A string: what is
 * wrong with the template.
 */
export function templateRegex(template: string): { readonly pattern: string } | string {
  if (!template.startsWith('/')) return `"${template}" is not a path: it starts with "/"`
  if (/[?#]/.test(template)) return 'a path has no query and no fragment'
  const operators = template.match(OPERATOR) ?? []
  const literals = template.split(OPERATOR)
  if (literals.some((text) => /[{}*]/.test(text))) return `"${template}" is not a template: "{*}" and "{**}" are its operators`
  if (literals.slice(1, -1).includes('')) return 'two operators need something between them'
  if (operators.slice(0, -1).includes('{**}')) return '"{**}" has to be the last operator'
  const parts = literals.map((text, i) => {
    const operator = operators[i]
    return quoteRegex(text) + (operator === undefined ? '' : operator === '{*}' ? '[^/]+' : '.*')
  })
  return { pattern: parts.join('') }
}

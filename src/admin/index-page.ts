// The index: every page with what it is for, as text for curl and as HTML for a browser.
import { PAGES, STATS_PATH } from './pages.ts'

const ENTRIES = [...PAGES, { method: 'GET', path: STATS_PATH, query: undefined, words: 'metrics, as Prometheus gets them' }].map(
  ({ method, path, query, words }) => ({ method, path, call: path + (query ?? ''), words }),
)
const WIDTH = Math.max(...ENTRIES.map(({ call }) => call.length))

export function indexText(): string {
  const lines = ENTRIES.map(({ method, call, words }) => `${method.padEnd(4)}  ${call.padEnd(WIDTH)}  ${words}\n`)
  return `outrigger admin\n\n${lines.join('')}`
}

/** `here`: the authority that the reader used, already found harmless; for lines to copy. */
export function indexHtml(here: string): string {
  const rows = ENTRIES.map(({ method, path, call, words }) => {
    const what = method === 'GET' ? `<a href="${path}">${path}</a>` : `<code>curl -X POST '${escapeHtml(here)}${call}'</code>`
    return `<tr><td>${what}</td><td>${words}</td></tr>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>outrigger admin</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem } td { padding: 0 1.5rem 0 0; vertical-align: top }</style>
<h1>outrigger admin</h1>
<table>
${rows.join('\n')}
</table>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

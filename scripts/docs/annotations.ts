// docs/annotations.md: what a Pod may say of its sidecar, from the table that injection reads.
import { ANNOTATIONS, PREFIX } from '../../src/inject/annotations.ts'

const HEAD = `# Annotations of a Pod

Generated from src/inject/annotations.ts by \`npm run docs\`. They stand in the metadata of a Pod, or of the template that a Deployment or its
like makes Pods from. One that is unknown, or does not parse, is an error: the manifest or the Pod is refused, and told why.

| annotation | takes | default | what it does |
|---|---|---|---|
`

const TAIL = `
Injection itself writes \`${PREFIX}sidecar\`, the settings of the sidecar, and \`${PREFIX}injected\`, what it has done, for \`--uninject\`.
`

export function annotationsPage(): string {
  const rows = Object.entries(ANNOTATIONS).map(
    ([name, { takes, byDefault, doc }]) =>
      `| \`${PREFIX}${name}\` | ${takes} | ${/^(true|false)$/.test(byDefault) ? `\`${byDefault}\`` : byDefault} | ${doc} |\n`,
  )
  return HEAD + rows.join('') + TAIL
}

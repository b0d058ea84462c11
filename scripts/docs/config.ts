// docs/config.md and config/schema.json: every key of the settings, from the schema.
import type { KindState } from '../../src/config/dialects/group.ts'
import { groupNames, groupOf } from '../../src/config/dialects/registry.ts'
import { type JsonSchema, settingsJsonSchema } from '../../src/config/json-schema.ts'

const HEAD = `# Settings

Generated from src/config/schema/ by \`npm run docs\`; [config/schema.json](../config/schema.json) says the same to editors. A file
whose first line is \`# yaml-language-server: $schema=…/config/schema.json\` is checked and completed while it is typed.

Settings are YAML or JSON documents without \`apiVersion\`, in the files and directories that \`--config\` names (of a directory its
\`*.yaml\`, \`*.yml\` and \`*.json\`). Several documents are taken together: \`services\`, \`routes\`, \`tcpRoutes\`, \`gateways\`
and the lists of \`listeners\` are joined, any other key may be set once. Documents with \`apiVersion\` and \`kind\` are Kubernetes resources.

- A **duration** is text such as \`250ms\`, \`15s\`, \`1m30s\`; \`0\` needs no unit.
- A **size** is a number of bytes, or text such as \`64KiB\`.
- An **address** is \`host:port\`, \`[ipv6]:port\`, \`:port\` (all interfaces) or \`unix:/path\`.
- A **service** is called \`name.namespace\`, \`name\` alone within the workload's own namespace, each with \`:port\` where it has several.
- \`\${NAME}\` or \`\${NAME:-fallback}\` as a whole value stands for an environment variable.

\`outrigger check --config PATH\` says what is wrong, \`--print\` shows everything with its defaults.
`

const RESOURCES = `## Kubernetes resources

Documents with \`apiVersion\` and \`kind\`, one by one, in a \`List\`, or in the \`*.yaml\`, \`*.yml\` and \`*.json\` of a ConfigMap
document. What this version does not understand yet and traffic depends on is an error; so is a kind that its group does not have.
Resources of other groups are ignored with a warning. What is done with each field: [Gateway API](resources/gateway-api.md),
[Istio's networking](resources/istio-networking.md), [NetworkPolicy](resources/networkpolicy.md), [SMI](resources/smi.md).

| group | read | refused by this version | ignored with a warning |
|---|---|---|---|
`

export function configPage(): string {
  const sections: string[] = []
  addSection({ path: '', schema: settingsJsonSchema() }, sections, new Map())
  return `${HEAD}\n${sections.join('\n')}\n${resources()}`
}

/** Which Kubernetes-style resources are read. */
function resources(): string {
  const rows = groupNames().map((name) => {
    const group = groupOf(name)
    const kinds = (wanted: (state: KindState) => boolean): string =>
      Object.entries(group?.kinds ?? {})
        .filter(([, state]) => wanted(state))
        .map(([kind]) => kind)
        .join(', ')
    const read = kinds((state) => typeof state === 'object')
    return `| ${name === '' ? 'core' : name} | ${read} | ${kinds((state) => state === 'later')} | ${kinds((state) => state === 'ignored')} |\n`
  })
  return RESOURCES + rows.join('')
}

export function configSchema(): string {
  return `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`
}

interface Part {
  readonly path: string
  readonly schema: JsonSchema
}

/** A table for an object, then those of the objects within it. `known`: sections that a like object has already. */
function addSection({ path, schema }: Part, sections: string[], known: Map<string, string>): void {
  const inner: Part[] = []
  const rows = Object.entries(propertiesOf(schema)).map(([key, property]) => {
    const keyPath = path === '' ? key : `${path}.${key}`
    const part = innerObject({ path: keyPath, schema: property })
    if (part !== undefined) inner.push(part)
    const required = schema.required?.includes(key) === true
    return `| \`${key}\` | ${typeOf(property, part, known)} | ${defaultOf(property, required)} | ${property.description ?? ''} |\n`
  })
  const title = path === '' ? 'Top level' : `\`${path}\``
  const choice = schema.anyOf === undefined ? '' : 'Exactly one of:\n\n'
  sections.push(`## ${title}\n\n${choice}| key | type | default | meaning |\n|---|---|---|---|\n${rows.join('')}`)
  for (const part of inner) {
    const text = JSON.stringify(propertiesOf(part.schema))
    if (known.get(text) === part.path) addSection(part, sections, known)
  }
}

function typeOf(schema: JsonSchema, inner: Part | undefined, known: Map<string, string>): string {
  if (inner !== undefined) {
    const text = JSON.stringify(propertiesOf(inner.schema))
    const path = known.get(text) ?? inner.path
    known.set(text, path)
    return `${inner.path.endsWith('[]') ? 'list' : inner.path.endsWith('.*') ? 'mapping' : 'object'}: [\`${path}\`](#${anchor(path)})`
  }
  if (schema.title !== undefined) return schema.title
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.type === 'array')
    return `list of ${schema.items === undefined ? 'anything' : typeOf(schema.items, undefined, known)}`
  if (schema.type === 'object') return 'mapping of text'
  return range(schema)
}

function range({ type, minimum, maximum }: JsonSchema): string {
  if (type === 'string') return 'text'
  if (type === 'boolean') return '`true`, `false`'
  const noun = type === 'integer' ? 'whole number' : 'number'
  if (minimum !== undefined && maximum !== undefined) return `${noun}, ${minimum} to ${maximum}`
  return minimum === undefined ? noun : `${noun}, at least ${minimum}`
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (required) return '**required**'
  const value = schema.default
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** The object in a property, in its list, or in its mapping. */
function innerObject({ path, schema }: Part): Part | undefined {
  if (isObject(schema)) return { path, schema }
  if (schema.items !== undefined && isObject(schema.items)) return { path: `${path}[]`, schema: schema.items }
  const values = schema.additionalProperties
  return typeof values === 'object' && isObject(values) ? { path: `${path}.*`, schema: values } : undefined
}

function isObject(schema: JsonSchema): boolean {
  return Object.keys(propertiesOf(schema)).length > 0
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return Object.assign({}, schema.properties, ...(schema.anyOf ?? []).map(({ properties }) => properties))
}

function anchor(path: string): string {
  return path.toLowerCase().replace(/[^a-z0-9_-]/g, '')
}

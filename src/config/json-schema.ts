// The schema of settings as JSON Schema, for editors, for docs/config.md, and published as config/schema.json.
import { z } from 'zod'
import { settingsSchema } from './schema/settings.ts'

/** ${NAME} may stand for any text. */
const VARIABLE = String.raw`^\$\{[^}]+\}$`

/** As much of JSON Schema as the settings use. */
export interface JsonSchema {
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly anyOf?: readonly JsonSchema[]
  readonly minimum?: number
  readonly maximum?: number
}

/** Of settings as they are written, not as they are after parsing. */
export function settingsJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(settingsSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.pattern !== undefined) jsonSchema.pattern = `${VARIABLE}|${jsonSchema.pattern}`
      // what zod says of every whole number
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })
  return { title: 'Outrigger settings', ...(schema as JsonSchema) }
}

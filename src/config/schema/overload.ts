// When the sidecar itself has too much to do.
import { z } from 'zod'
import { duration } from '../types.ts'

export const overload = z.strictObject({
  loopDelay: duration('500ms').describe(
    'New requests are refused, a growing share of them, while the event loop is late by more than this. "0": never.',
  ),
  memoryPercent: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe('New requests are refused while the process uses more than this share of the memory it may have. 0: never.'),
})

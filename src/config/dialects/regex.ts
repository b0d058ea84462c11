// Regular expressions in resources: wrong ones are found where they are written.
import { z } from 'zod'
import { regexProblem } from '../../core/regex.ts'

export const regex = () =>
  z.string().superRefine((text, context) => {
    const message = regexProblem(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

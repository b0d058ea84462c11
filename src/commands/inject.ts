// outrigger inject: Kubernetes manifests in, the same with sidecars out; nothing is written when anything is wrong.
import { writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { fileSource } from '../config/document.ts'
import { type ConfigFile, readFiles } from '../config/files.ts'
import { type Manifest, ManifestFile } from '../config/manifests.ts'
import { formatPath, formatProblem, Problems, valueAt } from '../config/problem.ts'
import { diff, type Json } from '../core/json-patch.ts'
import { type Injection, type InjectOptions, inject, uninject } from '../inject/inject.ts'
import { podsOf } from '../inject/kinds.ts'
import type { ExitCode, Io } from './io.ts'

export interface InjectCommandOptions extends InjectOptions {
  /** Take sidecars away instead. */
  readonly uninject: boolean
  /** Write the files that were read instead of printing. */
  readonly inPlace: boolean
}

type Change = (pod: unknown) => Injection

/** `paths`: files or directories; '-' is standard input. */
export async function injectCommand(paths: readonly string[], options: InjectCommandOptions, io: Io): Promise<ExitCode> {
  const problems = new Problems()
  const change: Change = options.uninject ? uninject : (pod) => inject(pod, options)
  const files = await read(paths, io, problems)
  const changed = files.map((file) => {
    const manifests = new ManifestFile(fileSource(file.path, file.bytes, problems), problems)
    for (const manifest of manifests.manifests) changeManifest(manifest, change, problems)
    return { path: file.path, text: manifests.text() }
  })
  for (const problem of problems.sorted()) io.stderr.write(`${formatProblem(problem)}\n`)
  if (problems.hasErrors) return 1
  if (options.inPlace)
    await Promise.all(changed.filter(({ path }) => path !== '-').map(({ path, text }) => writeFile(path, text)))
  else io.stdout.write(joined(changed.map(({ text }) => text)))
  return 0
}

async function read(paths: readonly string[], io: Io, problems: Problems): Promise<ConfigFile[]> {
  const files: ConfigFile[] = []
  for (const path of paths) {
    if (path === '-') files.push({ path, bytes: await buffer(io.stdin) })
    else files.push(...(await readFiles([path], problems)))
  }
  return files
}

function changeManifest(manifest: Manifest, change: Change, problems: Problems): void {
  const { document } = manifest
  const pods = podsOf(document.value)
  if (pods === undefined) {
    problems.error(document.at([]), 'this is no Kubernetes resource', 'it needs apiVersion and kind')
    return
  }
  for (const { path, owner } of pods) {
    const pod = valueAt(document.value, path)
    const injection = change(pod)
    switch (injection.kind) {
      case 'changed':
        manifest.edit(
          diff(pod as Json, injection.pod as unknown as Json).map((step) => ({ ...step, path: [...path, ...step.path] })),
        )
        break
      case 'left-alone':
        problems.warning(document.at(path), `${owner} is left as it is: ${injection.why}`)
        break
      case 'flawed':
        for (const flaw of injection.flaws)
          problems.error(document.at([...path, ...flaw.path]), `${owner}: ${formatPath(flaw.path)}: ${flaw.message}`, flaw.hint)
    }
  }
}

/** Several files as one stream of documents. */
function joined(texts: readonly string[]): string {
  return texts
    .map((text, i) => (i === 0 || text.startsWith('---') ? text : `---\n${text}`))
    .map(endLine)
    .join('')
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

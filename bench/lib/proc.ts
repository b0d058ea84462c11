// What the kernel knows of a process: CPU time and resident memory, its children included.
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** User and system time of a process, all its threads and all its descendants, living or waited for. */
export function cpuSeconds(pid: number): number {
  let ticks = 0
  for (const one of tree(pid)) {
    const fields = statFields(one)
    for (const i of [11, 12, 13, 14]) ticks += Number(fields[i] ?? 0)
  }
  return ticks / TICKS_PER_SECOND
}

/** Resident memory of a process and its descendants, in MiB. Pages that they share count for each. */
export function residentMiB(pid: number): number {
  let kib = 0
  for (const one of tree(pid)) kib += Number(/^VmRSS:\s+(\d+)/m.exec(read(one, 'status'))?.[1] ?? 0)
  return kib / 1024
}

export function tree(pid: number): number[] {
  const children = readdirOf(pid).flatMap((task) => read(pid, `task/${task}/children`).split(' ').filter(Boolean).map(Number))
  return [pid, ...children.flatMap(tree)]
}

/** Fields of /proc/PID/stat after the name, which may hold anything: [0] is the state. */
function statFields(pid: number): string[] {
  const text = read(pid, 'stat')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function readdirOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return '' // gone meanwhile
  }
}

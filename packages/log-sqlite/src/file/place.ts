import { statSync } from 'node:fs'

/** What a path leads to now; empty where there is nothing. Another file may be put in its place at any time. Makes no descriptor. */
export function identityOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`
}

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const lockfile = readFileSync(fileURLToPath(new URL('../../pnpm-lock.yaml', import.meta.url)), 'utf8')

test('names no place to download from, so that every registry serves it', () => {
  expect(lockfile.match(/^.*(?:https?:\/\/|tarball:).*$/gm) ?? []).toEqual([])
})

test('vouches for every package with a hash', () => {
  const resolutions = lockfile.match(/^ {4}resolution: .*$/gm) ?? []
  expect(resolutions.length).toBeGreaterThan(100)
  expect(resolutions.filter((line) => !line.includes('{integrity: sha512-'))).toEqual([])
})

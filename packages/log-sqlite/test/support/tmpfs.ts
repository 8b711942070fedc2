import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small disk of its own, which fills up and can be made read-only. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'rivulet-disk-'))
  #isMounted = false

  /** @returns whether this machine lets us. */
  mount(size: string): boolean {
    this.#isMounted = run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder)
    return this.#isMounted
  }

  makeReadOnly(): void {
    if (!run('mount', '-o', 'remount,ro', this.folder)) throw new Error('The disk is in use.')
  }

  remove(): void {
    // Lazily: what is still open in it goes with its process.
    if (this.#isMounted) run('umount', '-l', this.folder)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Whether this process may mount; tests that need it say so in their names where it may not. */
export function canMount(): boolean {
  const disk = new SmallDisk()
  try {
    return disk.mount('64k')
  } finally {
    disk.remove()
  }
}

function run(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

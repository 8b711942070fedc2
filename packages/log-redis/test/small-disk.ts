import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own, in memory, that is soon full. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'rivulet-redis-disk-'))
  readonly isMounted: boolean

  constructor(megabytes: number) {
    this.isMounted = mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.folder)
  }

  grow(megabytes: number): void {
    if (!mount('-o', `remount,size=${megabytes}m`, this.folder)) throw new Error('It cannot be made larger.')
  }

  dispose(): void {
    if (this.isMounted) spawnSync('umount', [this.folder])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Whether this user may; root may, mostly. */
export function canMount(): boolean {
  const disk = new SmallDisk(1)
  disk.dispose()
  return disk.isMounted
}

function mount(...args: string[]): boolean {
  return spawnSync('mount', args).status === 0
}

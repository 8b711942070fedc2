import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects garbage until none of these is left, a few times at most. @returns those that are kept. */
export async function kept<T extends object>(refs: readonly WeakRef<T>[]): Promise<T[]> {
  const gc = collector()
  for (let round = 0; round < 20 && refs.some((ref) => ref.deref() !== undefined); round += 1) {
    await nextTurn()
    gc()
  }
  return refs.flatMap((ref) => ref.deref() ?? [])
}

function collector(): () => void {
  const own: unknown = Reflect.get(globalThis, 'gc')
  if (typeof own === 'function') return () => own()
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}

import { setImmediate } from 'node:timers'

/**
 * The process itself. Jest gives tests a copy, whose listeners nobody calls and whose modules are Jest's; a function of Node's
 * own realm has the real one.
 */
const realProcess: NodeJS.Process = setImmediate.constructor('return process')()

/**
 * Takes over the process's unhandled rejections.
 *
 * @returns a function that gives them back
 */
export function onUnhandledRejection(listener: (error: unknown) => void): () => void {
  const others = realProcess.listeners('unhandledRejection')
  realProcess.removeAllListeners('unhandledRejection')
  realProcess.on('unhandledRejection', listener)
  return () => {
    realProcess.off('unhandledRejection', listener)
    for (const other of others) realProcess.on('unhandledRejection', other)
  }
}

/** Loads a package as Node does. For those that `import()` ES modules by themselves, which Jest can't without a flag. */
export function requireOutside(name: string): unknown {
  return realProcess.getBuiltinModule('node:module').createRequire(__filename)(name)
}

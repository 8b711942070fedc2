import { setImmediate } from 'node:timers'

// Jest gives tests a copy of `process`, whose listeners nobody calls. A function of Node's own realm has the real one.
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

/** The thread's program as it is published: beside this one. Tests map this module to one that translates the sources. */
export const workerFile = new URL('./worker.cjs', import.meta.url)

import { functions } from '../cases/program.ts'
import type { Environment } from './environment.ts'

export const node: Environment = {
  name: 'Node',
  describe,
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  open: () =>
    Promise.resolve({
      async run(name, ...given) {
        const work = functions[name] as (...args: typeof given) => Promise<unknown> // the one of that name
        // As it comes out of a browser's page; it is what that function resolves with.
        return JSON.parse(JSON.stringify((await work(...given)) ?? null)) as never
      },
      close: () => Promise.resolve(),
    }),
}

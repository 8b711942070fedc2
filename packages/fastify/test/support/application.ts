import fastify5, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'

/** Both majors, in the types of the newer one. */
export const majors: readonly (readonly [name: string, major: 4 | 5, fastify: typeof fastify5])[] = [
  ['Fastify 4', 4, fastify4 as unknown as typeof fastify5],
  ['Fastify 5', 5, fastify5],
]

/** What went to the log, at the level `warn` and above. */
export interface LogEntry {
  readonly level: number
  readonly msg: string
  readonly err?: { readonly message: string }
}

/** An instance and its log. It has no plugin yet. */
export function logged(
  fastify: typeof fastify5,
  options: object = {},
): { app: FastifyInstance; log: LogEntry[] } {
  const log: LogEntry[] = []
  const stream = { write: (line: string) => log.push(JSON.parse(line)) }
  return { app: fastify({ logger: { level: 'warn', stream }, ...options }), log }
}

/** Something that a handler reaches and a test waits for. */
export class Milestone<T = void> {
  readonly reached: Promise<T>
  #resolve: (value: T) => void = () => {}

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  reach(value: T): void {
    this.#resolve(value)
  }
}

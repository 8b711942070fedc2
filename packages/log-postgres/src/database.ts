import { backOff, within } from '@rivulet/core/log-kit'
import type { ClientBase, Pool, PoolClient } from 'pg'
import { logError, sqlState } from './log-error.ts'

/** One statement to run; each of its rows is one text. */
export interface Statement {
  /** What it is for, as error messages begin. */
  readonly doing: string
  readonly text: string
  readonly values: readonly unknown[]
  readonly signal?: AbortSignal | undefined
}

/** Serialization failures and deadlocks: rolled back, and may well succeed the next time. */
const passing = new Set(['40001', '40P01'])

/**
 * Runs single statements on clients of the user's pool, bounded in time, with errors that say what to do.
 *
 * Statements have no names, so that poolers which give each transaction another connection are no matter: all of them are calls of
 * functions, whose plans the server keeps by itself.
 */
export class Database {
  readonly #pool: Pool
  readonly #answerMs: number

  constructor(pool: Pool, answerMs: number) {
    this.#pool = pool
    this.#answerMs = answerMs
    // A pool emits what its idle clients meet, and without a listener that would end the process. Calls meet it too.
    pool.on('error', ignore)
  }

  /** Tries again what was rolled back because of others, for as long as there is time. */
  async query({ doing, text, values, signal }: Statement): Promise<readonly (string | null)[]> {
    signal?.throwIfAborted()
    const deadline = performance.now() + this.#answerMs
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#try((client) => queryTexts(client, text, values), deadline, signal)
      } catch (error) {
        signal?.throwIfAborted()
        if (!passing.has(sqlState(error) ?? '') || performance.now() > deadline) throw logError(doing, error)
        await backOff(attempt, signal ?? never)
      }
    }
  }

  /** Runs several statements as one transaction, without parameters; bounded by `timeoutMs`. */
  async script(doing: string, text: string, timeoutMs: number): Promise<void> {
    try {
      await this.#try((client) => client.query(text), performance.now() + timeoutMs)
    } catch (error) {
      throw logError(doing, error)
    }
  }

  close(): void {
    this.#pool.off('error', ignore)
  }

  async #try<T>(
    work: (client: ClientBase) => Promise<T>,
    deadline: number,
    signal?: AbortSignal,
  ): Promise<T> {
    const client = await this.#connect(deadline, signal)
    const working = work(client)
    try {
      const result = await within(working, left(deadline), () => new Late('no answer in time'), signal)
      release(client)
      return result
    } catch (error) {
      if (error instanceof Late) release(client, error)
      // Who aborted waits no more; the client does, until it is free again.
      else if (signal?.aborted)
        working
          .then(ignore, ignore)
          .finally(() => release(client))
          .catch(ignore)
      else release(client)
      throw error
    }
  }

  async #connect(deadline: number, signal?: AbortSignal): Promise<PoolClient> {
    const connecting = this.#pool.connect()
    try {
      const late = () => new Late('the pool gave no client in time: the server is silent, or all are in use')
      const client = await within(connecting, left(deadline), late, signal)
      // Emitted beside the error of its statement; without a listener that would end the process.
      client.on('error', ignore)
      return client
    } catch (error) {
      if (error instanceof Late || signal?.aborted) connecting.then((client) => client.release(), ignore)
      throw error
    }
  }
}

/** The first column of each row of a statement. */
export async function queryTexts(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<readonly (string | null)[]> {
  // One text column is what all functions of the schema give.
  const { rows } = await client.query<[string | null]>({ text, values: [...values], rowMode: 'array' })
  return rows.map(([value]) => value)
}

/** Nothing came in time, which says nothing about what was done. */
class Late extends Error {}

/** A client that has not answered is thrown away: nothing else can be asked of it. */
function release(client: PoolClient, error?: Error): void {
  client.release(error)
  client.off('error', ignore)
}

function left(deadline: number): number {
  return Math.max(1, deadline - performance.now())
}

const never = new AbortController().signal

function ignore(): void {}

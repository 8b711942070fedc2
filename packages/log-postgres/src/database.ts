import { backOff, within } from '@rivulet/core/log-kit'
import type { ClientBase, Pool, PoolClient } from 'pg'
import { logError, sqlState } from './log-error.ts'
import { lockTimeoutMs } from './sql/functions.ts'

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
const lockNotAvailable = '55P03'

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
    const deadline = performance.now() + this.#answerMs
    for (let attempt = 0; ; attempt += 1) {
      signal?.throwIfAborted()
      try {
        return await this.#try((client) => queryTexts(client, text, values), deadline, signal)
      } catch (error) {
        signal?.throwIfAborted()
        if (!isWorthAnother(error, deadline - performance.now())) throw logError(doing, error)
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

  #try<T>(work: Work<T>, deadline: number, signal?: AbortSignal): Promise<T> {
    const errand = new Errand(this.#pool, work, signal)
    // Bounded by itself: an abort ends the waiting, and the client is still to come back.
    const answer = within(errand.run(), Math.max(1, deadline - performance.now()), () => errand.giveUp())
    return signal === undefined ? answer : unlessAborted(answer, signal)
  }
}

type Work<T> = (client: ClientBase) => Promise<T>

/** Some work on a client of the pool. Where nobody waits for it any more, it is finished, or given up, all the same. */
class Errand<T> {
  readonly #pool: Pool
  readonly #work: Work<T>
  readonly #signal: AbortSignal | undefined
  #client: PoolClient | null = null
  #isGivenUp = false

  constructor(pool: Pool, work: Work<T>, signal: AbortSignal | undefined) {
    this.#pool = pool
    this.#work = work
    this.#signal = signal
  }

  async run(): Promise<T> {
    this.#client = await checkOut(this.#pool)
    const client = this.#client
    try {
      this.#signal?.throwIfAborted()
      if (this.#isGivenUp) throw new Error('Given up before its turn came.')
      return await this.#work(client)
    } finally {
      this.#release()
    }
  }

  /** @returns why. A client that has not answered is thrown away: nothing else can be asked of it. */
  giveUp(): Error {
    this.#isGivenUp = true
    if (this.#client === null) {
      return new Error('the pool gave no client in time: the server is silent, or all are in use')
    }
    const late = new Error('no answer in time')
    this.#release(late)
    return late
  }

  #release(error?: Error): void {
    const client = this.#client
    this.#client = null
    client?.release(error)
    client?.off('error', ignore)
  }
}

/**
 * A client of the pool that may fail: it emits what it meets beside rejecting its statement, and without a listener that would end the
 * process. By callback, since a connection that is cut right after it was made says so before a promise could go on.
 */
function checkOut(pool: Pool): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      client?.on('error', ignore)
      if (client === undefined) reject(error)
      else resolve(client)
    })
  })
}

/** What a promise gives, unless a signal aborts before. What comes later is nobody's. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** The first column of each row of a statement. */
export async function queryTexts(
  client: ClientBase,
  text: string,
  values: readonly unknown[],
): Promise<readonly (string | null)[]> {
  const { rows } = await client.query<Readonly<Record<string, string | null>>>(text, [...values])
  // One text column is what all functions of the schema give.
  return rows.map((row) => Object.values(row)[0] ?? null)
}

/** Whether a statement that failed so may succeed in the time that is left. */
function isWorthAnother(error: unknown, leftMs: number): boolean {
  const state = sqlState(error)
  // Only where the server would still say in time that the lock cannot be had.
  if (state === lockNotAvailable) return leftMs > lockTimeoutMs
  return state !== null && passing.has(state) && leftMs > 0
}

const never = new AbortController().signal

function ignore(): void {}

import assert from 'node:assert/strict'
import type { CollectedEvent } from '../collect/collected-event.ts'
import { StreamClient, type StreamClientState } from '../collect/stream-client.ts'
import { patienceMs } from './within.ts'

/** A client in a test, which waits for what should come. */
export class TrialClient extends StreamClient {
  /** Until the head of the response is there. */
  async head(): Promise<void> {
    await this.#until(() => this.status !== 0, 'the head')
  }

  /** Until so many events are there. */
  async received(count: number): Promise<readonly CollectedEvent[]> {
    await this.#until(() => this.events.length >= count, `${count} events`)
    return this.events
  }

  /** Until so many comments are there. */
  async commented(count: number): Promise<readonly string[]> {
    await this.#until(() => this.comments.length >= count, `${count} comments`)
    return this.comments
  }

  /** Until the body is at least that long. */
  async read(byteCount: number): Promise<string> {
    await this.#until(() => this.raw.length >= byteCount, `${byteCount} bytes`)
    return this.raw.toString()
  }

  /** Until the exchange is over, one way or the other. */
  async over(): Promise<StreamClientState> {
    await this.waitFor(() => false, 'the end of the response', patienceMs)
    return this.state
  }

  /** Until the server has ended the response properly, on the boundary of a block. */
  async ended(): Promise<void> {
    assert.equal(await this.over(), 'ended', this.describe('should have been ended by the server'))
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    await this.waitFor(holds, what, patienceMs)
    assert.ok(holds(), this.describe(`the connection ended before ${what} came`))
  }
}

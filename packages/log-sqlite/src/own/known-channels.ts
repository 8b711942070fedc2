import type { Channels } from '../file/append.ts'
import { type ChannelRow, findOrCreateChannel } from '../file/channel-row.ts'
import type { ChannelRequest } from '../file/protocol.ts'
import type { Queries } from '../file/session.ts'

/** Then they are looked up again, one after the other. */
const maxKnown = 1_000

/**
 * The rows of channels as this connection has left them: to look one up is the dearest statement of a batch of one entry. They are right for as long
 * as nobody else has committed, which SQLite tells each connection by a number.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_data_version
 */
export class KnownChannels implements Channels {
  readonly #rows = new Map<string, ChannelRow>()
  #version: number | undefined

  /**
   * Within a write, before any of them is asked for.
   *
   * @param version `data_version` in this write.
   * @returns whether all is as this connection left it. Where it is not, they are looked up again.
   */
  areUpToDate(version: number): boolean {
    if (version === this.#version) return true
    this.forget()
    this.#version = version
    return false
  }

  /** The row, to be changed and saved within this write. */
  findOrCreate(database: Queries, request: ChannelRequest): ChannelRow {
    let row = this.#rows.get(request.channel)
    if (row === undefined) {
      row = findOrCreateChannel(database, request)
      if (this.#rows.size >= maxKnown) this.#rows.clear()
      this.#rows.set(request.channel, row)
    }
    return row
  }

  /** What was changed in them has not been committed. */
  forget(): void {
    this.#rows.clear()
    this.#version = undefined
  }
}

import type { AnyEvents, Channel, EventLog, PublishFields } from '@rivulet/core'
import { SseError } from '@rivulet/core'
import { channelNameOf, encodeEntry, positionId, prepareEvent } from '@rivulet/core/log-kit'
import type { ClientBase } from 'pg'
import { keyText } from './batch-store.ts'
import { queryTexts } from './database.ts'
import { decodeHead } from './follow/poller.ts'
import { logError, publishError } from './log-error.ts'
import type { LogParts } from './parts.ts'

/** Leaves an event with the client's transaction, whose commit stores it. */
export async function publishIn<Events = AnyEvents, Output = Events>(
  parts: LogParts,
  log: EventLog,
  client: ClientBase,
  {
    channel,
    event,
  }: { readonly channel: Channel<Events, Output> | string; readonly event: PublishFields<Events> },
): Promise<void> {
  checkClient(client)
  const { entry, idempotencyKey } = prepareEvent(log, channel, event)
  const name = channelNameOf(log, channel)
  const { schema, notify } = parts
  try {
    await queryTexts(client, `SELECT ${schema}.publish_entry($1, $2, $3, $4, $5, $6)::text`, [
      name,
      encodeEntry(entry),
      entry.check,
      Buffer.byteLength(entry.data),
      keyText(idempotencyKey),
      notify,
    ])
  } catch (error) {
    throw publishError(name, error)
  }
}

/** The id of a channel's newest event as the client's transaction sees it. */
export async function headIn<Events, Output>(
  parts: LogParts,
  log: EventLog,
  client: ClientBase,
  channel: Channel<Events, Output> | string,
): Promise<string> {
  checkClient(client)
  const name = channelNameOf(log, channel)
  const doing = `Reading the head of channel "${name}"`
  const [head] = await queryTexts(client, `SELECT ${parts.schema}.heads($1)`, [[name]]).catch(
    (error: unknown) => {
      throw logError(doing, error)
    },
  )
  if (head !== null && head !== undefined) return positionId(name, decodeHead(head))
  // Made since the transaction began, or not at all: all that there is of it comes behind what the transaction sees.
  const { epoch } = await log.read(name, { after: 'head', limit: 0 })
  return positionId(name, { epoch, offset: 0, check: '0' })
}

/** @throws SseError `ERR_SSE_OPTION` for what is no client: a pool would run the statement outside of the transaction. */
function checkClient(client: unknown): void {
  const isClient =
    typeof client === 'object' &&
    client !== null &&
    typeof Reflect.get(client, 'query') === 'function' &&
    !('totalCount' in client)
  if (isClient) return
  throw new SseError(
    'ERR_SSE_OPTION',
    'publishIn() and headIn() take the client that the transaction runs on, as pool.connect() gives it.',
    { value: client },
  )
}

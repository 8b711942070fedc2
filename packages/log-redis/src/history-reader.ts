import type { Position, ReadAfter, ReadOptions, ReadResult } from '@rivulet/core'
import { decodeEntry } from '@rivulet/core/log-kit'
import type { LogParts } from './batch-store.ts'
import { readScript } from './script/read.ts'

/** More than any channel keeps: what Redis takes as a count is bounded. */
const maxLimit = 1_000_000_000

/** Reads a page of a channel, with the bounds of the same moment. */
export async function readHistory(
  { engine, names, scriptStart }: Pick<LogParts, 'engine' | 'names' | 'scriptStart'>,
  channel: string,
  { after, limit, signal }: ReadOptions,
): Promise<ReadResult> {
  const reply = await engine.run({
    doing: `Reading channel "${channel}"`,
    script: readScript,
    keys: names.history(channel),
    args: [...scriptStart(channel), ...asArguments(after), String(Math.min(limit, maxLimit))],
    signal,
  })
  return decodeReply(reply as readonly string[]) // the script returns a list of strings
}

function asArguments(after: ReadAfter): readonly string[] {
  return typeof after === 'string'
    ? [after, '', '0', '']
    : ['position', after.epoch, String(after.offset), after.check]
}

function decodeReply(reply: readonly string[]): ReadResult {
  const [epoch = '', first, head, ended, invalid, offset, check = '', ...texts] = reply
  const after: Position = { epoch, offset: Number(offset), check }
  return {
    entries: texts.map((text, index) => decodeEntry(text, after.offset + 1 + index)),
    first: Number(first),
    head: Number(head),
    epoch,
    after,
    ended: ended === '1',
    ...(invalid === 'expired' || invalid === 'unknown' ? { invalid } : {}),
  }
}

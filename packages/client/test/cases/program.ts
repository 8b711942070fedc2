import { BlockParser } from '../../src/parse/block-parser.ts'
import { answerCases } from './answer-cases.ts'
import { breakCases } from './break-cases.ts'
import type { CaseUrls, ConnectionCase } from './connection-case.ts'
import { type Cut, cuts } from './cuts.ts'
import { originCases } from './origin-cases.ts'
import { type Dispatched, parsingCases } from './parsing-cases.ts'
import { requestCases } from './request-cases.ts'
import { open } from './watching.ts'

export const connectionCases: readonly ConnectionCase[] = [
  ...requestCases,
  ...answerCases,
  ...breakCases,
  ...originCases,
]

/** What a parser makes of a case's bytes. */
export interface Parsed {
  readonly events: readonly Dispatched[]
  readonly retries: readonly number[]
  readonly lastEventId: string
}

function parseCase(name: string, cut: Cut): Promise<Parsed> {
  const { bytes } = named(parsingCases, name)
  const retries: number[] = []
  const parser = new BlockParser('', 1e6, (retryMs) => retries.push(retryMs))
  const found = cuts[cut](bytes).flatMap((piece) => [...parser.push(piece)])
  const events = found.filter((each) => typeof each === 'object')
  return Promise.resolve({ events, retries, lastEventId: parser.lastEventId })
}

/** Events of a stream that ends, and then answers 204. */
async function readStream(url: string): Promise<Dispatched[]> {
  const connection = open(url, { parse: (data) => data })
  const events: Dispatched[] = []
  connection.onEvent(({ event, data, lastEventId }) => {
    events.push({ event, data: String(data), lastEventId })
  })
  // Whatever the stream says about when.
  connection.onState((state) => state === 'connecting' && connection.reconnect())
  await connection.closed
  return events
}

function runCase(name: string, urls: CaseUrls): Promise<unknown> {
  return named(connectionCases, name).run(urls)
}

/** What is run in each environment. */
export const functions = { parseCase, readStream, runCase }

function named<T extends { readonly name: string }>(cases: readonly T[], name: string): T {
  const found = cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`There is no case ${name}.`)
  return found
}

import { readFileSync } from 'node:fs'
import { casesNotMet } from './cases/cases-not-met.ts'
import { cutNames, cuts } from './cases/cuts.ts'
import { type ParsingCase, parsingCases } from './cases/parsing-cases.ts'
import { connectionCases } from './cases/program.ts'
import { chromium } from './environments/chromium.ts'
import type { Stage } from './environments/environment.ts'
import { node } from './environments/node.ts'
import { ScriptedServer } from './scripted-server.ts'
import { answers, streams } from './steps.ts'

// A browser beside the other tests' processes is slow to start on a small machine.
jest.setTimeout(60_000)

const environments = [node, chromium] as const
const allIds = [
  ...Array.from({ length: 53 }, (_each, index) => `P${index + 1}`),
  ...Array.from({ length: 26 }, (_each, index) => `C${index + 1}`),
]

function lastIdOf({ events, lastEventId }: ParsingCase): string {
  return lastEventId ?? events.at(-1)?.lastEventId ?? ''
}

for (const environment of environments) {
  environment.describe(`in ${environment.name}`, () => {
    beforeAll(environment.start)
    afterAll(environment.stop)

    describe.each(cutNames)('bytes %s', (cut) => {
      let server: ScriptedServer
      let stage: Stage
      beforeAll(async () => {
        server = await ScriptedServer.start()
        stage = await environment.open(server.url)
      })
      afterAll(async () => {
        await stage.close()
        await server.close()
      })

      test.each(parsingCases)('$name', async (parsingCase) => {
        const parsed = await stage.run('parseCase', parsingCase.name, cut)
        expect(parsed.events).toEqual(parsingCase.events)
        expect(parsed.lastEventId).toBe(lastIdOf(parsingCase))
        if (parsingCase.retries !== undefined) expect(parsed.retries).toEqual(parsingCase.retries)
      })

      test.each(parsingCases)('over a connection: $name', async (parsingCase) => {
        server.script(streams(cuts[cut](parsingCase.bytes)), answers(204))
        expect(await stage.run('readStream', server.url)).toEqual(parsingCase.events)
        const id = String(server.requests[1]?.headers['last-event-id'] ?? '')
        expect(Buffer.from(id, 'latin1').toString()).toBe(lastIdOf(parsingCase))
      })
    })

    const own = connectionCases.filter(({ only = environment.name }) => only === environment.name)
    test.each(own)('$name', async ({ name, main: stepsOf, other: otherSteps, check }) => {
      const other = await ScriptedServer.start(...(otherSteps?.() ?? [answers(204)]))
      const main = await ScriptedServer.start(...(stepsOf?.(other.url) ?? [answers(204)]))
      const stage = await environment.open(main.url)
      try {
        const urls = { main: main.url, other: other.url }
        check({ result: await stage.run('runCase', name, urls), main, other })
      } finally {
        await stage.close()
        await main.close()
        await other.close()
      }
    })

    test.each(allIds)('%s is tested here, or listed with the reason why not', (id) => {
      const names = [...parsingCases, ...own].map(({ name }) => name)
      const isTested = names.some((name) => idsOf(name).includes(id))
      const isListed = casesNotMet.some(
        ({ id: listed, where, part, reason }) =>
          listed === id && part === undefined && [environment.name, 'both'].includes(where) && reason !== '',
      )
      expect({ id, isTested, isListed }).toEqual({ id, isTested: !isListed, isListed })
    })
  })
}

test('readers find what is not met, and why', () => {
  const page = readFileSync(new URL('../../../docs/client.md', import.meta.url), 'utf8')
  for (const { id, part = 'all', where, reason } of casesNotMet) {
    const row = new RegExp(`^\\| ${id}, [^|]+ \\| ${part} \\| ${where} \\| (.*) \\|$`, 'm').exec(page)
    expect(row?.[1]).toBe(reason)
  }
  expect(page.match(/^\| [PC]\d+, /gm)).toHaveLength(casesNotMet.length)
})

/** The ids that a name begins with: those of `C3 C4: …`. */
function idsOf(name: string): string[] {
  return /^((?:[PC]\d+ ?)+):/.exec(name)?.[1]?.split(' ') ?? []
}

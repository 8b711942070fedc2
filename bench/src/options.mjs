import { parseArgs } from 'node:util'
import { engines } from './engines/index.mjs'
import { scenarios } from './scenarios/index.mjs'

export const usage = `npm run bench -- [scenario ...] [options]

  --rounds <n>      rounds, each of which runs every contestant once (default 5)
  --seconds <n>     how long one contestant is measured in one round, where that is not a number of things to be done
  --only <a,b>      only these contestants; for the log scenarios also engines
  --quick           floor, naive and Rivulet, short; fails where user CPU is more than 15 % over its quick bar
  --svg <file>      draw what a delivery costs, of the scenarios that measure it
  --json <file>     add all figures of all rounds to those of other scenarios there
  --profile <kind>  cpu or heap: profile the servers into bench/profiles/
  --list            name the scenarios
`

const quickContestants = [
  'floor',
  'naive',
  'rivulet-express',
  'rivulet-fastify',
  ...engines.map(({ name }) => name),
]

/** @throws {TypeError} for unknown options; RangeError for unknown scenarios. */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args: args.filter((argument) => argument !== '--'),
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      svg: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const wanted = positionals.map((name) => {
    const scenario = scenarios.find((one) => one.name === name)
    if (scenario === undefined) throw new RangeError(`There is no scenario "${name}"; try --list.`)
    return scenario
  })
  return {
    scenarios:
      wanted.length > 0
        ? wanted
        : scenarios.filter(({ isQuick, isApart }) => (values.quick ? isQuick : !isApart)),
    rounds: positive('--rounds', values.rounds) ?? (values.quick ? 2 : 5),
    seconds: positive('--seconds', values.seconds) ?? (values.quick ? 1.5 : undefined),
    only: values.only?.split(',') ?? (values.quick ? quickContestants : undefined),
    isQuick: values.quick,
    svg: values.svg,
    json: values.json,
    profile: values.profile,
    list: values.list,
    help: values.help,
  }
}

function positive(name, text) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (number > 0) return number
  throw new RangeError(`${name} must be a number above 0, not ${text}.`)
}

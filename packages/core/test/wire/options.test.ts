import { durationOrOff, flag, integer, resolveOptions, retryOrOff } from '../../src/wire/options.ts'

interface Options {
  readonly limit: number
  readonly isOn: boolean
}

const defaults: Options = { limit: 1, isOn: false }
const checks = { limit: integer(0, 9), isOn: flag }
const resolve = (given: unknown) => resolveOptions('A test', given, defaults, checks)

test('gives the defaults where nothing is given', () => {
  expect(resolve(undefined)).toBe(defaults)
  expect(resolve({})).toEqual(defaults)
  expect(resolve({ limit: undefined })).toEqual(defaults)
  expect(resolve(Object.create(null))).toEqual(defaults)
})

test('takes what is given, also 0 and false', () => {
  expect(resolve({ limit: 0, isOn: true })).toEqual({ limit: 0, isOn: true })
  expect(resolveOptions('A test', { isOn: false }, { limit: 1, isOn: true }, checks).isOn).toBe(false)
})

test('leaves the defaults and what was given as they are', () => {
  const given = Object.freeze({ limit: 3 })
  expect(resolve(given)).not.toBe(given)
  expect(defaults).toEqual({ limit: 1, isOn: false })
})

test.each([null, 1, 'limit', true, [], () => {}])('%p are no options', (given) => {
  expect(() => resolve(given)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_OPTION',
      value: given,
      message: expect.stringContaining('object'),
    }),
  )
})

test.each(['Limit', 'limits', '', 'toString', 'constructor', '__proto__'])('there is no option %j', (key) => {
  const given = JSON.parse(`{${JSON.stringify(key)}:1}`)
  expect(() => resolve(given)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_OPTION',
      value: key,
      message: `A test has no option ${JSON.stringify(key)}. There are: limit, isOn.`,
    }),
  )
})

const notANumber = [
  null,
  '1',
  '',
  true,
  [],
  {},
  1n,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
]

/** What a check says to values: they come back unchanged, or an error names option, rule and value. */
function holds(check: (name: string, value: unknown) => unknown, good: unknown[], bad: unknown[]) {
  for (const value of good) expect(check('A test: x', value)).toBe(value)
  for (const value of bad) {
    expect(() => check('A test: x', value)).toThrow(
      expect.objectContaining({
        code: 'ERR_SSE_OPTION',
        value,
        message: expect.stringMatching(/^A test: x must be .+, not .+\.$/),
      }),
    )
  }
}

test('a duration is 1 ms to what timers can wait, or off', () => {
  holds(durationOrOff, [1, 1.5, 2 ** 31 - 1, false], [...notANumber, 0, 0.5, -1, 2 ** 31])
})

test('a retry is whole and may be 0', () => {
  holds(retryOrOff, [0, 1, 2 ** 31 - 1, false], [...notANumber, -1, 1.5, 2 ** 31])
})

test('a whole number is within its bounds', () => {
  holds(integer(1, 3), [1, 2, 3], [...notANumber, 0, 4, 1.5, false])
})

test('a flag is true or false', () => {
  holds(flag, [true, false], [null, 0, 1, 'true', {}])
})

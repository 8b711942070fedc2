import { SseError, show } from './sse-error.ts'

/** Checks one option's value and gives it back as it is used. */
export type OptionCheck<T> = (name: string, value: unknown) => T

/** The checks of an options object, by key. */
export type OptionChecks<T> = { readonly [K in keyof T]-?: OptionCheck<T[K]> }

/**
 * Resolves options once: given values checked, the others from `defaults`. `undefined` counts as not given.
 *
 * @param owner What the options belong to, for the error message.
 * @throws SseError `ERR_SSE_OPTION` for a key that does not exist or a value out of range.
 */
export function resolveOptions<T extends object>(
  owner: string,
  given: unknown,
  defaults: Readonly<T>,
  checks: OptionChecks<T>,
): Readonly<T> {
  if (given === undefined) return defaults
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw optionError(owner, 'must be an object', given)
  }
  const resolved: T = { ...defaults }
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(', ')
      throw new SseError('ERR_SSE_OPTION', `${owner} has no option ${show(key)}. There are: ${known}.`, {
        value: key,
      })
    }
    if (value === undefined) continue
    const name = key as keyof T & string // hasOwn above: the key is one of the checks', which are T's
    resolved[name] = checks[name](`${owner}: ${name}`, value)
  }
  return resolved
}

function optionError(name: string, rule: string, value: unknown): SseError {
  return new SseError('ERR_SSE_OPTION', `${name} ${rule}, not ${show(value)}.`, { value })
}

/** Durations above this many milliseconds do not fit Node's timers; nobody means them. */
const maxDurationMs = 2 ** 31 - 1

/** A duration in milliseconds from 1 on. */
export function duration(name: string, value: unknown): number {
  if (isDuration(value)) return value
  throw optionError(name, `must be a number of milliseconds from 1 to ${maxDurationMs}`, value)
}

/** A duration in milliseconds from 1 on, or `false` for off. */
export function durationOrOff(name: string, value: unknown): number | false {
  if (value === false || isDuration(value)) return value
  throw optionError(
    name,
    `must be a number of milliseconds from 1 to ${maxDurationMs}, or false for off`,
    value,
  )
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= maxDurationMs
}

/** A duration in whole milliseconds ≥ 0, or `false` for off. */
export function retryOrOff(name: string, value: unknown): number | false {
  if (value === false) return false
  if (isIntegerWithin(value, 0, maxDurationMs)) return value
  throw optionError(
    name,
    `must be a whole number of milliseconds from 0 to ${maxDurationMs}, or false for off`,
    value,
  )
}

/** A whole number within bounds. */
export function integer(min: number, max: number): OptionCheck<number> {
  return (name, value) => {
    if (isIntegerWithin(value, min, max)) return value
    throw optionError(name, `must be a whole number from ${min} to ${max}`, value)
  }
}

/** A whole number within bounds, or `false` for off. */
export function integerOrOff(min: number, max: number): OptionCheck<number | false> {
  const check = integer(min, max)
  return (name, value) => (value === false ? false : check(name, value))
}

function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}

export function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw optionError(name, 'must be true or false', value)
}

/** A function, whose own type is the caller's word. */
export function callback<F>(name: string, value: unknown): F {
  if (typeof value === 'function') return value as F // parameters and result of a function cannot be checked
  throw optionError(name, 'must be a function', value)
}

/** One check that fails with the option's name and rule. */
export function checked<T>(rule: string, holds: (value: unknown) => value is T): OptionCheck<T> {
  return (name, value) => {
    if (holds(value)) return value
    throw optionError(name, rule, value)
  }
}

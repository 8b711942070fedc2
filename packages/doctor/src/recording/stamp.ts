const epochMs = /(?<![\d.])1[5-9]\d{11}(?![\d])/g
const isoTime = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:?\d\d)/g
const maxSearched = 2_000

/**
 * The latest point in time that a payload names, in milliseconds since 1970, where it is precise enough to tell when the
 * event was made: epoch milliseconds, or ISO 8601 with fractions of a second. `null` where it names none.
 */
export function stampOf(data: string): number | null {
  const text = data.slice(0, maxSearched)
  const stamps = [...(text.match(epochMs) ?? []).map(Number), ...(text.match(isoTime) ?? []).map(Date.parse)]
  const known = stamps.filter((stamp) => !Number.isNaN(stamp))
  return known.length === 0 ? null : Math.max(...known)
}

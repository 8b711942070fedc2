/**
 * The first number from `low` to `high` for which something holds, given that it holds for all behind the first; `high + 1` where
 * there is none. Looks near `low` first: what is to be found is mostly there.
 */
export async function firstThat(
  low: number,
  high: number,
  holds: (number: number) => Promise<boolean>,
): Promise<number> {
  let below = low - 1
  let above = high + 1
  for (let step = 1; below + step < above; step *= 2) {
    if (await holds(below + step)) {
      above = below + step
      break
    }
    below += step
  }
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2)
    if (await holds(middle)) above = middle
    else below = middle
  }
  return above
}

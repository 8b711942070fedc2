/**
 * Runs a scenario: in each round every contestant once, in an order of its own, so that whatever else the machine does
 * falls on all of them. Where the scenario has `runTogether`, that gets all runs of one `group` at once.
 *
 * @returns {Promise<Map<string, (Record<string, number> | { error: string })[]>>} by label, one for each round.
 */
export async function measure(scenario, { rounds, seconds, only }, onProgress) {
  const runs = scenario
    .runs(seconds)
    .filter(({ label, contestant }) => !only || only.includes(label) || only.includes(contestant))
  if (runs.length === 0) throw new RangeError(`${scenario.name} has none of ${only.join(', ')}.`)
  const results = new Map(runs.map(({ label }) => [label, []]))
  const groups = scenario.runTogether === undefined ? runs.map((run) => [run]) : groupsOf(runs)
  for (let round = 0; round < rounds; round += 1) {
    for (const group of shuffled(groups)) {
      onProgress(`${scenario.name}: round ${round + 1} of ${rounds}, ${group[0].group ?? group[0].label}`)
      const figures = await tried(scenario, group)
      for (const { label } of group) results.get(label).push(figures.get(label))
    }
  }
  return results
}

/** A copy in any order. */
function shuffled(list) {
  const rest = [...list]
  return list.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0])
}

function groupsOf(runs) {
  const groups = new Map()
  for (const run of runs) groups.set(run.group, [...(groups.get(run.group) ?? []), run])
  return [...groups.values()]
}

/** Figures by label. */
async function tried(scenario, group) {
  try {
    if (scenario.runTogether !== undefined) return await scenario.runTogether(group)
    return new Map([[group[0].label, await scenario.run(group[0])]])
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return new Map(group.map(({ label }) => [label, { error: message }]))
  }
}

/**
 * Runs a scenario: in each round every contestant once, in another order each time, so that whatever else the machine does
 * falls on all of them.
 *
 * @returns {Promise<Map<string, (Record<string, number> | { error: string })[]>>} by label, one for each round.
 */
export async function measure(scenario, { rounds, seconds, only }, onProgress) {
  const runs = scenario
    .runs(seconds)
    .filter(({ label, contestant }) => !only || only.includes(label) || only.includes(contestant))
  const results = new Map(runs.map(({ label }) => [label, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < runs.length; place += 1) {
      const run = runs[(place + round) % runs.length]
      onProgress(`${scenario.name}: round ${round + 1} of ${rounds}, ${run.label}`)
      results.get(run.label).push(await tried(scenario, run))
    }
  }
  return results
}

async function tried(scenario, run) {
  try {
    return await scenario.run(run)
  } catch (error) {
    return { error: error instanceof Error ? error.message.split('\n')[0] : String(error) }
  }
}

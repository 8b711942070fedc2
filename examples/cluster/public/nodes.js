// A lane for each node: one cell for each of its pulses.

const cellsPerLane = 60
/** Without a pulse for this long a node is called silent. */
const silentMs = 1_500

export function createNodes(container) {
  const nodes = new Map()

  function nodeOf(name) {
    const known = nodes.get(name)
    if (known) return known
    const element = document.getElementById('node-template').content.firstElementChild.cloneNode(true)
    element.querySelector('.node-name').textContent = `Node ${name}`
    const node = { name, element, run: '', count: 0, heardAt: 0, runs: 0 }
    nodes.set(name, node)
    const after = [...nodes.values()].find((other) => other.name > name)
    container.insertBefore(element, after?.element ?? null)
    return node
  }

  return {
    pulse({ node: name, run, count }, isLate) {
      const node = nodeOf(name)
      const isNewRun = node.run !== run
      if (isNewRun) node.runs += 1
      Object.assign(node, { run, count, heardAt: Date.now() })
      const lane = node.element.querySelector('.lane')
      const cell = document.createElement('span')
      cell.className = `cell${isLate ? ' late' : ''}${isNewRun && node.runs > 1 ? ' restart' : ''}`
      lane.append(cell)
      while (lane.children.length > cellsPerLane) lane.firstElementChild.remove()
    },
    /** `servedBy` is the node that this page hangs on. */
    show(servedBy) {
      for (const { name, element, count, heardAt, runs } of nodes.values()) {
        const isSilent = Date.now() - heardAt > silentMs
        element.classList.toggle('silent', isSilent)
        element.classList.toggle('serving', name === servedBy)
        const words = [
          isSilent ? 'silent' : 'alive',
          `pulse ${count}`,
          ...(runs > 1 ? [`run ${runs}`] : []),
          ...(name === servedBy ? ['serves this page'] : []),
        ].join(', ')
        const state = element.querySelector('.node-state')
        if (state.textContent !== words) state.textContent = words
      }
    },
  }
}

import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { processFile } from './cluster.js'

// Kills processes of the cluster, one after the other, as `kill -9` does: watch the page meanwhile.
//   npm run chaos                    the nodes in turns, for a minute
//   npm run chaos -- postgres redis  these
//   npm run chaos -- all             everything that `npm start` has started
const everyMs = Number(process.env.EVERY_MS ?? 5_000)
const times = Number(process.env.TIMES ?? 12)
const port = Number(process.env.PORT ?? 3000)

const names = process.argv.slice(2)
for (let time = 0; time < times; time += 1) {
  if (time > 0) await wait(everyMs)
  // Read again each time: what was killed has come back as another process.
  const processes = readProcesses()
  const victims = names[0] === 'all' ? Object.keys(processes) : names.length > 0 ? names : ['one', 'two']
  const name = victims[time % victims.length] ?? ''
  const pid = processes[name]
  if (pid === undefined) {
    console.error(`There is no ${name} here, only ${Object.keys(processes).join(', ')}.`)
    process.exit(1)
  }
  kill(name, pid)
}

function kill(name: string, pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
    console.log(`${new Date().toLocaleTimeString()}  killed ${name} (${pid})`)
  } catch {
    console.log(`${new Date().toLocaleTimeString()}  ${name} is on its way back`)
  }
}

function readProcesses(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(processFile(port), 'utf8'))
  } catch {
    console.error(`No cluster runs at port ${port}. Start it with npm start; PORT=… says where it is.`)
    process.exit(1)
  }
}

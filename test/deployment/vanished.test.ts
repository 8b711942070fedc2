import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { needs, toolAt } from '../support/needs.ts'
import { TwoHosts } from './harness/two-hosts.ts'
import { until } from './harness/until.ts'
import type { Line } from './harness/vanished-main.ts'

jest.setTimeout(90_000)

const ip = needs('ip')
const hosts = toolAt('ip', isPermitted() ? ip.path : undefined, process.env.CI === 'true')

/** Not every container may have namespaces. */
function isPermitted(): boolean {
  if (!ip.isAvailable) return false
  try {
    void TwoHosts.create(ip.path).dispose()
    return true
  } catch {
    return false
  }
}

hosts.test('a host that vanishes: its streams are closed at maxAgeMs, or when TCP gives up', async () => {
  const two = TwoHosts.create(hosts.path)
  try {
    const runner = join(__dirname, '..', 'memory', 'harness', 'run-typescript.cjs')
    const program = join(__dirname, 'harness', 'vanished-main.ts')
    const said = linesOf<Line>(two.run('server', runner, program, two.serverAddress))
    await until(() => said.includes('listening'), 'the server to listen')
    const received = linesOf<string>(two.run('client', '-e', clientProgram(two.serverAddress)))
    await until(() => said.includes('two streams'), 'two streams')
    await until(() => received.length >= 4, 'heartbeats to arrive')
    two.vanish()
    await until(() => said.includes('young closed: age'), 'the young one to be closed')
    // Nothing has told the server.
    expect(said).not.toContain('old closed: client')
    await until(() => said.includes('old closed: client'), 'TCP to give up', 60_000)
    await until(() => said.includes('no connections'), 'both connections to be gone', 60_000)
    expect(said.filter((line) => line.includes('closed'))).toEqual([
      'young closed: age',
      'old closed: client',
    ])
  } finally {
    await two.dispose()
  }
})

/** Opens both streams and says whatever comes. */
function clientProgram(address: string): string {
  return `for (const path of ['/young', '/old']) {
    require('node:http').get('http://${address}:8080' + path, (response) => {
      response.on('data', (part) => process.stdout.write(part.toString().trim() + '\\n'))
    })
  }`
}

function linesOf<T extends string>(child: ChildProcess): T[] {
  const lines: T[] = []
  let rest = ''
  child.stdout?.on('data', (part: Buffer) => {
    const parts = (rest + part.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...(parts as T[])) // what the program says that it says
  })
  return lines
}

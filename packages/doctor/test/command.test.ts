import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checks } from '../src/checks/all-checks.ts'
import { help, readArguments } from '../src/cli/arguments.ts'
import type { Report } from '../src/index.ts'
import { saying } from './support/answer.ts'
import { serve } from './support/serve.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const sources = join(root, 'packages', 'doctor')
/** A build of its own: that of the workspace may be made anew at any moment. */
const folder = mkdtempSync(join(tmpdir(), 'rivulet-doctor-'))
const program = join(folder, 'dist', 'cli.mjs')
const healthy = saying('retry: 3000\n\n: hello\n\n')

beforeAll(() => {
  const tsdown = join(root, 'node_modules', 'tsdown', 'dist', 'run.mjs')
  const args = [tsdown, '--logLevel', 'error', '--out-dir', join(folder, 'dist')]
  const build = spawnSync(process.execPath, args, { cwd: sources, encoding: 'utf8' })
  if (build.status !== 0) throw new Error(build.stderr + build.stdout)
  cpSync(join(sources, 'package.json'), join(folder, 'package.json'))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command as a shell would. */
async function run(args: readonly string[], onStart?: (stop: () => void) => void): Promise<Ended> {
  return runProgram([program, ...args], onStart)
}

async function runProgram(args: readonly string[], onStart?: (stop: () => void) => void): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  onStart?.(() => child.kill('SIGINT'))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...output }
}

describe('the command', () => {
  test('nothing wrong: 0, and a report without colours where nobody sees them', async () => {
    const { origin } = await serve(healthy)
    const { code, stdout, stderr } = await run([origin, '--wait', '0.4'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ok {7}Status {13}200$/m)
    expect(stdout).toMatch(/No problems found/)
    expect(stdout).not.toContain('\u001B')
  })

  test('a problem: 1, with what to set', async () => {
    const { origin } = await serve(saying('data: 1\n\n', { 'Content-Type': 'text/plain' }))
    const { code, stdout } = await run([origin, '--wait', '0.4'])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^problem {2}Content type: .*\n.*\n +your application +send the header Content-Type/m,
    )
    expect(stdout).toMatch(/^1 problem, \d+ warnings?/m)
  })

  test('--json', async () => {
    const { origin } = await serve(healthy)
    const { stdout } = await run([origin, '--wait', '0.4', '--json'])
    const report = JSON.parse(stdout) as Report
    expect(report).toMatchObject({
      url: `${origin}/`,
      verdict: 'ok',
      stream: { status: 200, commentCount: 1 },
    })
  })

  test('Ctrl-C reports what was seen so far', async () => {
    let stop = () => {}
    const { origin } = await serve((request, response) => {
      healthy(request, response)
      if (request.method === 'GET') setTimeout(() => stop(), 300)
    })
    const startedAt = performance.now()
    const { code, stdout } = await run([origin, '--wait', '60'], (onStop) => {
      stop = onStop
    })
    expect(code).toBe(0)
    expect(stdout).toContain('1 comment')
    expect(performance.now() - startedAt).toBeLessThan(30_000)
  })

  test('what a server says cannot steer the terminal', async () => {
    const { origin } = await serve(saying('\u001B]0;title\u0007\u001B[2J: x\n\n'))
    const { stdout } = await run([origin, '--wait', '0.4'])
    expect(stdout).toContain('lines that are no field')
    expect(stdout).not.toContain('\u001B')
  })

  test.each([
    [[], 'Which stream? npx @rivulet/doctor <url>'],
    [
      ['localhost:3000'],
      'The address must be a whole one, such as https://example.com/events, not "localhost:3000".',
    ],
    [['http://a/', 'http://b/'], 'One address at a time, not also http://b/.'],
    [['http://a/', '--wait', 'soon'], '--wait takes a number of seconds, not "soon".'],
    [['http://a/', '--wait', '0'], 'The wait must be 0.1 to 3,600 seconds, not 0.'],
    [['http://a/', '--header', 'nonsense'], '--header takes "Name: value", not "nonsense".'],
    [
      ['http://a/', '--method', 'HEAD'],
      'The method must be one that opens a stream, such as GET or POST, not HEAD.',
    ],
    [
      ['http://a/', '--method', 'GET', '--body', 'x'],
      'A GET request has no body: leave it out, or use POST.',
    ],
    [
      ['http://a/', '--origin', 'app'],
      'The origin must be a scheme and a host, such as https://app.example, not "app".',
    ],
    [['http://a/', '--colour'], "Unknown option '--colour'. --help lists what there is."],
  ])('%j: 2, and one line', async (args, message) => {
    expect(await run(args)).toEqual({ code: 2, stdout: '', stderr: `${message}\n` })
  })

  test('--help names every option, --version is the version', async () => {
    const { code, stdout } = await run(['--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('--last-event-id <id>')
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

test('arguments become options', () => {
  const args = [
    'https://a.example/',
    '--wait',
    '70',
    '-H',
    'X-One: 1',
    '-H',
    'cookie: a=b',
    '--cookie',
    'c=d',
  ]
  expect(readArguments([...args, '--last-event-id', '7', '--insecure', '--json'])).toEqual({
    action: 'diagnose',
    url: 'https://a.example/',
    asJson: true,
    options: expect.objectContaining({
      waitMs: 70_000,
      headers: { 'x-one': '1', cookie: 'a=b; c=d' },
      lastEventId: '7',
      insecure: true,
    }),
  })
})

describe('the README', () => {
  const readme = readFileSync(join(sources, 'README.md'), 'utf8')

  test('has a program that runs', async () => {
    const project = join(folder, 'project')
    mkdirSync(join(project, 'node_modules', '@rivulet'), { recursive: true })
    symlinkSync(folder, join(project, 'node_modules', '@rivulet', 'doctor'))
    writeFileSync(join(project, 'program.mjs'), /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '')
    const { origin } = await serve(saying('data: 1\n\n', { 'Content-Type': 'text/plain' }))
    const { code, stdout } = await runProgram([join(project, 'program.mjs'), origin])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^problem \{[\s\S]*^Content type The Content-Type is "text\/plain"/m)
  })

  test('names every check and every option', () => {
    const table = readme.slice(readme.indexOf('## What it checks'), readme.indexOf('## What it cannot know'))
    const named = [...table.matchAll(/^\| ([A-Z][^|]*) \|/gm)].flatMap(
      ([, names]) => names?.split(', ') ?? [],
    )
    const titles = checks.map(([, title]) => title)
    expect(named.sort()).toEqual([...titles].sort())
    for (const [option] of help.matchAll(/--[a-z0-9-]+/g)) {
      if (!['--version', '--help'].includes(option)) expect(readme).toContain(option)
    }
  })
})

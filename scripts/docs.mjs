import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { prepareInstalled } from './prepare.mjs'
import { CommandFailed, main, runTool } from './run.mjs'
import { root } from './workspace.mjs'

// npm run docs: install, and show the documentation as a site, live. npm run docs:build: builds it into docs/.vitepress/dist; a
// warning or a dead link fails.
const [command = 'dev'] = process.argv.slice(2)
const docs = join(root, 'docs')

await main(async () => {
  await prepareInstalled()
  generateApi()
  if (command === 'dev') runTool('vitepress', ['dev', docs])
  else buildStrictly()
})

/** Markdown of the docstrings, into docs/api, which is not committed. */
function generateApi() {
  rmSync(join(docs, 'api'), { recursive: true, force: true })
  const options = join(docs, '.vitepress', 'typedoc.json')
  runTool('typedoc', ['--options', options, '--treatWarningsAsErrors', '--logLevel', 'Warn'])
}

/** VitePress knows no flag that makes warnings fail. */
function buildStrictly() {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'vitepress', 'bin', 'vitepress.js'), 'build', docs],
    { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  )
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  if (status !== 0) throw new CommandFailed('The documentation could not be built.')
  const warnings = `${stdout}\n${stderr}`.split('\n').filter((line) => /warn|deprecat/i.test(line))
  if (warnings.length > 0)
    throw new CommandFailed(`Building the documentation warned:\n${warnings.join('\n')}`)
}

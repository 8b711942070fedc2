import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { CommandFailed, main, run, runTool } from './run.mjs'
import { exampleFolders, root } from './workspace.mjs'

const checks = {
  'format and lint': () => runTool('biome', ['check', '--error-on-warnings', '.']),
  promises: () => runTool('eslint', ['.']),
  types: () => runTool('tsc', ['--noEmit']),
  'types of the examples': () => exampleFolders().forEach(typecheckExample),
  'unused code and dependencies': () => runTool('knip', []),
  'bundle size': () => runTool('size-limit', []),
  documentation: () => run(process.execPath, [join(root, 'scripts', 'docs.mjs'), 'build']),
  'packages as published': () => run(process.execPath, [join(root, 'scripts', 'check-packages.mjs')]),
}

// Everything that can be said of the code without running it. All checks run, then those that failed
// are named.
await main(async () => {
  await prepare()
  const failed = Object.entries(checks).filter(([name, check]) => hasFailed(name, check))
  if (failed.length > 0) throw new CommandFailed(`\nFailed: ${failed.map(([name]) => name).join(', ')}`)
  console.log('\nAll checks passed.')
})

function hasFailed(name, check) {
  console.log(`\n— ${name}`)
  try {
    check()
    return false
  } catch (error) {
    if (error instanceof CommandFailed) return true
    throw error
  }
}

function typecheckExample(folder) {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (scripts?.typecheck) run('npm', ['run', '--silent', 'typecheck'], { cwd: folder })
}

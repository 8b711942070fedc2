import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { main } from './run.mjs'
import { root } from './workspace.mjs'

// npm start: install, build, and run the example that shows what Rivulet is for.
await main(async () => {
  await prepare()
  startExample('express-dashboard')
})

function startExample(name) {
  const example = spawn('npm', ['run', '--silent', 'start'], {
    cwd: join(root, 'examples', name),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const endings = ['SIGINT', 'SIGTERM']
  for (const signal of endings) process.on(signal, () => example.kill(signal))
  example.on('error', (error) => {
    console.error(`The example could not be started: ${error.message}`)
    process.exitCode = 1
  })
  example.on('exit', (code, signal) => {
    process.exitCode = code ?? (endings.includes(signal) ? 0 : 1)
  })
}

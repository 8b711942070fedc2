import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { root } from './workspace.mjs'

// npm start: install, build, and run the example that shows what Rivulet is for.
await prepare()

const example = spawn('npm', ['run', '--silent', 'start'], {
  cwd: join(root, 'examples', 'express-dashboard'),
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => example.kill(signal))
example.on('error', (error) => {
  console.error(`The example could not be started: ${error.message}`)
  process.exitCode = 1
})
example.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
})

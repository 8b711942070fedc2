import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { prepare } from './prepare.mjs'
import { main } from './run.mjs'
import { root } from './workspace.mjs'

// npm start: install, build, and run the example that shows what Rivulet is for.
await main(async () => {
  await prepare()
  startExample(join(root, 'examples', 'express-dashboard'))
})

/**
 * Runs the example's own start script, without npm and its shell in between: those pass a signal on to each
 * other but not to the program, which would outlive them with the port still taken.
 */
function startExample(folder) {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const [command, ...args] = scripts.start.split(' ')
  const path = [join(folder, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const onWindows = process.platform === 'win32'
  const example = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
    shell: onWindows,
    // Ctrl-C reaches every process of the terminal; the example shall hear of it once, from here.
    detached: !onWindows,
  })
  const stop = (signal) => example.kill(signal)
  let wasStopped = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      wasStopped = true
      stop(signal)
    })
  }
  stopWithParent(stop)
  example.on('error', (error) => {
    console.error(`The example could not be started: ${error.message}`)
    process.exitCode = 1
  })
  example.on('exit', (code) => process.exit(wasStopped ? 0 : (code ?? 1)))
}

/** A SIGTERM for `npm start` ends npm and its shell, but is not passed on to this process: it has to notice. */
function stopWithParent(stop) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop('SIGTERM')
  }, 250)
  timer.unref()
}

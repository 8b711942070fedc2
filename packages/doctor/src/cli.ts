#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { help, readArguments } from './cli/arguments.ts'
import { formatReport, paintFor } from './cli/format-report.ts'
import { DoctorOptionError, diagnose } from './index.ts'

/** 0: no problems. 1: problems. 2: could not run. */
async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2))
  if (command.action === 'help') {
    console.log(help)
    return 0
  }
  if (command.action === 'version') {
    console.log(versionOf(new URL('../package.json', import.meta.url)))
    return 0
  }
  const { url, options, asJson } = command
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  if (process.stderr.isTTY) {
    console.error(
      `Watching ${url} for ${(options.waitMs ?? 20_000) / 1000} s; Ctrl-C reports what was seen so far.\n`,
    )
  }
  const report = await diagnose(url, { ...options, signal: stop.signal })
  console.log(asJson ? JSON.stringify(report, null, 2) : formatReport(report, paintFor(hasColors())))
  return report.verdict === 'problem' ? 1 : 0
}

/** https://no-color.org */
function hasColors(): boolean {
  return process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb'
}

function versionOf(manifest: URL): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string } // our own package.json
  return version
}

main().then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    console.error(error instanceof DoctorOptionError ? error.message : error)
    process.exitCode = 2
  },
)

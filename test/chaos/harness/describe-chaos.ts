import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { needs, type ToolName } from '../../support/needs.ts'
import type { ChaosEngine } from './chaos-engine.ts'
import { runChaos } from './chaos-run.ts'

const inCI = process.env.CI === 'true'
/** The full length in CI. */
const durationMs = Number(process.env.CHAOS_MS ?? (inCI ? 60_000 : 15_000))
const clientCount = inCI ? 200 : 100
const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface ChaosCase {
  readonly name: string
  /** @param program The engine's, where it has one. */
  startEngine(program: string): Promise<ChaosEngine>
  /** Its `open-log.mjs`. */
  readonly openLogFile: URL
}

/** Declares the chaos test of a log. @param tool The engine's program; `null` where it has none. */
export function describeChaos(tool: ToolName | null, { name, startEngine, openLogFile }: ChaosCase): void {
  const engine = tool === null ? null : needs(tool)
  const declare = engine?.test ?? test
  declare(
    `${clientCount} clients of four processes over ${name}, with processes and engine killed, cut and frozen for ${durationMs} ms: exact for each`,
    async () => {
      buildPackages()
      const report = await runChaos({
        engine: await startEngine(engine?.path ?? ''),
        openLogFile: fileURLToPath(openLogFile),
        durationMs,
        clientCount,
      })
      if (process.env.CHAOS_MS !== undefined) console.log(name, report)
      // The run was one: most was acknowledged, and nearly everyone has moved several times.
      expect(report.acknowledged).toBeGreaterThan(durationMs / 1_000)
      expect(report.connects).toBeGreaterThan(clientCount * 2)
    },
    durationMs + 180_000,
  )
}

/** The processes run what users install. */
function buildPackages(): void {
  const build = spawnSync(process.execPath, ['scripts/build.mjs', '--if-changed'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (build.status !== 0) throw new Error(build.stderr)
}

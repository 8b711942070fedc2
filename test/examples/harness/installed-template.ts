import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packedPackages, readManifest, withPackedPackages } from '../../support/packed-packages.ts'
import { runCommand } from '../../support/run-command.ts'
import { RunningServer } from './running-server.ts'

const examples = fileURLToPath(new URL('../../../examples', import.meta.url))

/** A template as its new owner has it: its folder alone, copied elsewhere and installed from the packed packages. */
export class InstalledTemplate {
  readonly folder: string
  readonly #servers: RunningServer[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  /** @param name Of a folder in `examples/`. */
  static async install(name: string): Promise<InstalledTemplate> {
    const packed = await packedPackages()
    const folder = join(mkdtempSync(join(tmpdir(), 'rivulet-example-')), name)
    cpSync(join(examples, name), folder, { recursive: true, filter: isSource })
    writeFileSync(join(folder, 'package.json'), withPackedPackages(readManifest(folder), packed))
    const template = new InstalledTemplate(folder)
    await template.npm(['install', '--no-audit', '--no-fund', '--prefer-offline'])
    return template
  }

  /** `npm …` in the copy; resolves with its output. Rejects unless it exits with 0. */
  async npm(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    return runCommand('npm', args, { cwd: this.folder, ...(env && { env }) })
  }

  /** `npm start`; resolves when it has printed its address. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
    const server = await RunningServer.start(this.folder, env)
    this.#servers.push(server)
    return server
  }

  /** Ends what still runs, and removes the copy. */
  async remove(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()))
    rmSync(join(this.folder, '..'), { recursive: true, force: true })
  }
}

/** What is in the repository: neither what was installed nor what a run left behind. */
function isSource(path: string): boolean {
  return !['node_modules', 'dist', 'data', '.env'].includes(basename(path))
}

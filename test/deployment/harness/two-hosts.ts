import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

/** How often TCP tries to send again: 4 times takes 6 s, the usual 15 about 15 minutes. */
const retries = 4
/** A link-layer address that nobody has. */
const nobody = '02:00:00:00:00:01'
const serverAddress = '10.213.77.1'
const clientAddress = '10.213.77.2'

/** Two hosts with a cable between them, each a network namespace. */
export class TwoHosts {
  readonly serverAddress = serverAddress
  readonly #ip: string
  readonly #server = `rv-s${process.pid}`
  readonly #client = `rv-c${process.pid}`
  readonly #children: ChildProcess[] = []

  private constructor(ip: string) {
    this.#ip = ip
  }

  /** @param ip Path of the program. @throws Error where namespaces are not permitted. */
  static create(ip: string): TwoHosts {
    const hosts = new TwoHosts(ip)
    try {
      hosts.#create()
      return hosts
    } catch (error) {
      hosts.#delete()
      throw error
    }
  }

  /** Runs a program of Node on one of them. */
  run(host: 'server' | 'client', ...args: string[]): ChildProcess {
    const name = host === 'server' ? this.#server : this.#client
    const child = spawn(this.#ip, ['netns', 'exec', name, process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.push(child)
    return child
  }

  /** The client's host is gone: no packet arrives at either side any more, and nobody is told. */
  vanish(): void {
    this.#do('-n', this.#server, ...neighbor('replace', clientAddress, 'eth-s', nobody))
    this.#do('-n', this.#client, ...neighbor('replace', serverAddress, 'eth-c', nobody))
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    }
    this.#delete()
  }

  #create(): void {
    for (const name of [this.#server, this.#client]) this.#do('netns', 'add', name)
    const cable = ['type', 'veth', 'peer', 'name', 'eth-c', 'netns', this.#client]
    this.#do('link', 'add', 'eth-s', 'netns', this.#server, ...cable)
    const ends = [
      [this.#server, 'eth-s', serverAddress],
      [this.#client, 'eth-c', clientAddress],
    ] as const
    for (const [name, device, address] of ends) {
      this.#do('-n', name, 'addr', 'add', `${address}/24`, 'dev', device)
      this.#do('-n', name, 'link', 'set', device, 'up')
    }
    const write = `require('node:fs').writeFileSync('/proc/sys/net/ipv4/tcp_retries2', '${retries}')`
    this.#do('netns', 'exec', this.#server, process.execPath, '-e', write)
  }

  #delete(): void {
    for (const name of [this.#server, this.#client]) {
      try {
        this.#do('netns', 'delete', name)
      } catch {
        // It was not created.
      }
    }
  }

  #do(...args: string[]): void {
    execFileSync(this.#ip, args, { stdio: 'pipe' })
  }
}

function neighbor(verb: string, address: string, device: string, linkAddress: string): string[] {
  return ['neigh', verb, address, 'dev', device, 'lladdr', linkAddress, 'nud', 'permanent']
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../support/free-port.ts'

/** An nginx in front of a server, with everything that the configuration does not mention as nginx has it. */
export interface Nginx {
  readonly origin: string
  close(): Promise<void>
}

const opened = new Set<Nginx>()

afterEach(async () => {
  await Promise.all([...opened].map((nginx) => nginx.close()))
})

/** Starts nginx as a proxy to a port of this machine. `proxy` goes into its `location`. */
export async function startNginx(path: string, upstreamPort: number, proxy: string): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'rivulet-nginx-'))
  const port = await freePort()
  await writeFile(join(folder, 'nginx.conf'), configuration(port, upstreamPort, proxy))
  const child = spawn(path, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const nginx: Nginx = {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      opened.delete(nginx)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
  opened.add(nginx)
  await listening(child)
  return nginx
}

function configuration(port: number, upstreamPort: number, proxy: string): string {
  return `
    daemon off;
    master_process off;
    pid nginx.pid;
    error_log stderr notice;
    events {}
    http {
      access_log off;
      client_body_temp_path body;
      proxy_temp_path proxy;
      fastcgi_temp_path fastcgi;
      uwsgi_temp_path uwsgi;
      scgi_temp_path scgi;
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${upstreamPort}; ${proxy} }
      }
    }
  `
}

/** nginx binds its sockets before it names its event method. */
async function listening(child: ChildProcess): Promise<void> {
  if (child.stderr === null) throw new Error('nginx was started without its stderr')
  const lines: string[] = []
  for await (const line of createInterface(child.stderr)) {
    lines.push(line)
    if (line.includes('event method')) {
      child.stderr.resume()
      return
    }
  }
  throw new Error(`nginx did not start:\n${lines.join('\n')}`)
}

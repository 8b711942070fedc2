import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const modules = ['/usr/lib/nginx/modules/ngx_nchan_module.so']
const programs = ['/usr/sbin/nginx', '/usr/bin/nginx']
/** Of a clock tick of `/proc`, which Linux fixes for programs. */
const tickUs = 10_000

/** Why it can't be measured here, or `null`. */
export function missing() {
  if (process.platform !== 'linux') return 'its CPU is read from /proc, which only Linux has'
  return found(modules) && found(programs) ? null : 'needs nginx with nchan (Debian: libnginx-mod-nchan)'
}

/**
 * nginx with the nchan module, in one process: what a server written in C does. It is published to over one connection, in
 * order; what that costs this process is not counted.
 */
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-nchan-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configuration(port))
  const nginx = spawn(found(programs), ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], {
    stdio: 'ignore',
  })
  process.on('exit', () => {
    nginx.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const publisher = await connected(port)
  publisher.resume()
  return {
    port,
    publish(events) {
      let requests = ''
      for (const event of events) {
        const data = JSON.stringify(event)
        requests += `POST /publish HTTP/1.1\r\nHost: bench\r\nContent-Length: ${data.length}\r\n\r\n${data}`
      }
      publisher.write(requests)
    },
    /** Of nginx, in microseconds. */
    cpuUsage: () => usageOf(nginx.pid),
  }
}

function found(paths) {
  return paths.find((path) => existsSync(path))
}

function configuration(port) {
  return `
load_module ${found(modules)};
daemon off;
master_process off;
worker_rlimit_nofile 20000;
pid nginx.pid;
events { worker_connections 12000; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /events {
      nchan_subscriber eventsource;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }
    location = /publish {
      nchan_publisher;
      nchan_channel_id bench;
      nchan_message_buffer_length 1000;
    }
  }
}
`
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Resolves once nginx listens. */
async function connected(port) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        socket.once('connect', () => resolve(socket)).once('error', reject)
      })
    } catch (error) {
      if (attempt === 100) throw error
      await sleep(50)
    }
  }
}

function usageOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // After the name in brackets: the 14th and 15th fields of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11]) * tickUs, system: Number(fields[12]) * tickUs }
}

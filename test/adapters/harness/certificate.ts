import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(__dirname, '..', 'fixtures')

/** A certificate for `localhost` and 127.0.0.1 that signs itself, valid until 2126. For tests only: its key is public. */
export function certificate(): { key: Buffer; cert: Buffer } {
  return {
    key: readFileSync(join(folder, 'localhost-key.pem')),
    cert: readFileSync(join(folder, 'localhost-cert.pem')),
  }
}

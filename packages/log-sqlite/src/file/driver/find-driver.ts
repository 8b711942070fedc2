import { Failure } from '../failure.ts'
import type { Driver } from './driver.ts'
import { libsqlDriver } from './libsql-driver.ts'
import { nodeDriver } from './node-driver.ts'

/** Node's own where there is one: nothing has to be installed for it, and its SQLite is newer. */
export async function findDriver(): Promise<Driver> {
  const driver = nodeDriver() ?? (await libsqlDriver())
  if (driver !== undefined) return driver
  throw new Failure(
    'NO_DRIVER',
    `Node ${process.versions.node} on ${process.platform}-${process.arch} has no node:sqlite, and the package libsql could not be loaded`,
  )
}

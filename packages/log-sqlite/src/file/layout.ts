import { Failure } from './failure.ts'
import { schemaVersion } from './schema.ts'
import type { Queries } from './session.ts'

/**
 * Asked in each transaction: a later release may take over the file at any time.
 *
 * @param schema What the connection knows the file as.
 * @throws Failure `NEWER_VERSION`
 */
export function assertLayout(queries: Queries, file: string, schema = 'main'): void {
  const version = Number(queries.get(`PRAGMA ${schema}.user_version`)?.user_version)
  if (version <= schemaVersion) return
  throw new Failure('NEWER_VERSION', `${file} has layout ${version}, and this release knows ${schemaVersion}`)
}

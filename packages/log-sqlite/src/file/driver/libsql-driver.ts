import type { Connection, Driver, Row, Value } from './driver.ts'

/** What is used of `libsql`. It takes values as one list: a single `null` or object alone would mean named parameters. */
type LibsqlDatabase = new (
  file: string,
) => {
  exec(sql: string): void
  prepare(sql: string): LibsqlStatement
  close(): void
}

interface LibsqlStatement {
  run(values: readonly Value[]): { readonly lastInsertRowid: number }
  get(values: readonly Value[]): Row | undefined
  all(values: readonly Value[]): readonly Row[]
}

/**
 * `libsql`, whose binaries for Linux (glibc and musl), macOS and Windows come as packages of the registry.
 *
 * @see https://github.com/tursodatabase/libsql-js
 */
export async function libsqlDriver(): Promise<Driver | undefined> {
  try {
    const { default: Database } = await import('libsql')
    // The package's own types describe another way to pass values.
    return { name: 'libsql', open: (file) => open(Database as unknown as LibsqlDatabase, file), resultCode }
  } catch {
    return undefined // Not installed, or no binary for this machine: told by who has no driver at all.
  }
}

function open(Database: LibsqlDatabase, file: string): Connection {
  const database = new Database(file)
  return {
    exec: (sql) => database.exec(sql),
    prepare(sql) {
      const statement = database.prepare(sql)
      return {
        run: (values) => statement.run(values).lastInsertRowid,
        get: (values) => statement.get(values),
        all: (values) => statement.all(values),
      }
    },
    close: () => database.close(),
  }
}

/** Opening fails with an error that has its result code in the message alone. */
const openingFailure = /Unable to open connection to local database .*: (\d+)"?\)?$/s

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('rawCode' in error && typeof error.rawCode === 'number') return error.rawCode
  const inMessage = 'message' in error ? openingFailure.exec(String(error.message))?.[1] : undefined
  return inMessage === undefined ? undefined : Number(inMessage)
}

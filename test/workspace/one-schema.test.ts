import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** One event map types the server, which has it, and the client, which takes its types: an edit of it is felt in both. */
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'test', 'workspace', 'fixtures', 'one-schema')
const schemaFile = join(folder, 'events.ts')

/** The places where the project does not compile, as `file:line`, with `edit` applied to the schema. */
function faultsWith(edit: (schema: string) => string): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const host = ts.createCompilerHost(options)
  const edited = edit(readFileSync(schemaFile, 'utf8'))
  const { readFile, getSourceFile } = host
  host.readFile = (file) => (file === schemaFile ? edited : readFile(file))
  host.getSourceFile = (file, version, ...rest) =>
    file === schemaFile
      ? ts.createSourceFile(file, edited, version, true)
      : getSourceFile.call(host, file, version, ...rest)
  const program = ts.createProgram([join(folder, 'server.ts'), join(folder, 'client.ts')], options, host)
  const sources = ['events.ts', 'server.ts', 'client.ts'].map((name) =>
    program.getSourceFile(join(folder, name)),
  )
  return sources.flatMap((source) =>
    program.getSemanticDiagnostics(source).map(({ file, start = 0 }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? -1) + 1
      return `${file?.fileName.slice(folder.length + 1)}: ${file?.text.split('\n')[line - 1]?.trim()}`
    }),
  )
}

test('as it is, server and client compile', () => {
  expect(faultsWith((schema) => schema)).toEqual([])
})

test.each([
  ['a field is renamed', 'total: z.number()', 'amount: z.number()'],
  ['a field changes its type', 'total: z.number()', 'total: z.string()'],
  ['an event is renamed', "'order.created'", "'order.placed'"],
])('when %s, neither does', (_what, before, after) => {
  const faults = faultsWith((schema) => schema.replace(before, after))
  expect(faults).toContainEqual(expect.stringMatching(/^server\.ts: await orders\.publish/))
  expect(faults).toContainEqual(expect.stringMatching(/^client\.ts: /))
})

import { fileURLToPath } from 'node:url'
import ts from 'typescript'

// The compiler reads browsers' types, which takes its time beside other tests.
jest.setTimeout(60_000)

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What a project without Node's types compiles. */
function complaintsAbout(text: string): string[] {
  const file = `${root}packages/client/test/browser-project.ts`
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    paths: {
      '@rivulet/client/eventsource': [`${root}packages/client/src/eventsource.ts`],
      '@rivulet/client': [`${root}packages/client/src/index.ts`],
      '@rivulet/core': [`${root}packages/core/src/index.ts`],
    },
  }
  const host = ts.createCompilerHost(options)
  const readSource = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022) : readSource(name, ...rest)
  const program = ts.createProgram([file], options, host)
  const diagnostics = [
    ...program.getSyntacticDiagnostics(program.getSourceFile(file)),
    ...program.getSemanticDiagnostics(program.getSourceFile(file)),
  ]
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

test('a source can be handed to whatever takes an EventSource; its listeners are typed', () => {
  const text = `
    import { createEventSource } from '@rivulet/client/eventsource'
    const standard: EventSource = createEventSource('/x', { headers: { 'X-Own': '1' } })
    standard.addEventListener('made', ({ data, lastEventId }) => console.log(data, lastEventId))
    const own = createEventSource(new URL('https://example.com/x'))
    own.addEventListener('made', ({ data, lastEventId, origin }) => {
      const texts: string[] = [data, lastEventId, origin]
      console.log(texts)
    })
    own.addEventListener('error', ({ error }) => console.log(error?.code, error?.status))
    own.addEventListener('message', { handleEvent: ({ data }) => data.length }, { once: true })
    own.onmessage = ({ data }) => console.log(data.length)
    own.onerror = null
    own.removeEventListener('made', console.log)
  `
  expect(complaintsAbout(text)).toEqual([])
})

test.each([
  ['data that is text', `own.addEventListener('made', ({ data }) => data.toFixed())`, /toFixed/],
  ['an option that there is not', `createEventSource('/x', { retries: 1 })`, /retries/],
  ['a type that the events do not have', `connect<Orders>('/x').on('order.lost', () => {})`, /order\.lost/],
  ['another payload', `connect<Orders>('/x').on('made', ({ data }) => data.id.trim())`, /trim/],
  ['a gap without its reason', `connect<Orders>('/x').on('$gap', ({ data }) => data.cause)`, /cause/],
])('%s is a compile error', (_name, line, complaint) => {
  const complaints = complaintsAbout(`
    import { connect } from '@rivulet/client'
    import { createEventSource } from '@rivulet/client/eventsource'
    interface Orders { made: { id: number } }
    const own = createEventSource('/x')
    export const uses: [typeof own, typeof connect, Orders?] = [own, connect]
    ${line}
  `)
  expect(complaints).toEqual([expect.stringMatching(complaint)])
})

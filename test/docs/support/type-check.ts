import { existsSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { folderOf, root, type Snippet } from './snippet.ts'

/** Blocks that are compiled together: one language, and the same names around them. */
interface Group {
  readonly isJavaScript: boolean
  readonly contexts: readonly string[]
  readonly snippets: Snippet[]
}

/**
 * Type-checks code blocks as files of a user's project, strictly; JavaScript without the rules that only types could satisfy.
 *
 * @returns what is wrong, as `docs/streams.md:12: message`
 */
export function typeCheck(snippets: readonly Snippet[]): string[] {
  const groups = new Map<string, Group>()
  for (const snippet of snippets) {
    const { directive, language } = snippet
    const isJavaScript = language === 'js'
    const contexts = directive.kind === 'fragment' ? ['common', ...directive.contexts] : []
    // Two plugins for one framework declare the same names.
    const apart = directive.kind === 'before' ? snippet.line : ''
    const key = `${isJavaScript} ${contexts.join(' ')} ${apart}`
    const group = groups.get(key) ?? { isJavaScript, contexts, snippets: [] }
    group.snippets.push(snippet)
    groups.set(key, group)
  }
  const companions = snippets.filter(({ directive }) => directive.kind === 'file')
  return [...groups.values()].flatMap((group) => checkGroup(group, companions))
}

const config = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
)
/** A folder that is nowhere but in the compiler's eyes. */
const blocks = join(root, 'test', 'docs', 'blocks')
const parsed = new Map<string, ts.SourceFile | undefined>()

function checkGroup({ isJavaScript, contexts, snippets }: Group, companions: readonly Snippet[]): string[] {
  const files = new Map(snippets.map((snippet) => [fileOf(snippet), snippet]))
  const onDisk = new Map([...companions.map((snippet) => [fileOf(snippet), snippet] as const), ...files])
  const contextFiles = contexts.map((name) => join(root, 'test', 'docs', 'context', `${name}.d.ts`))
  const missing = contextFiles.filter((file) => !existsSync(file))
  if (missing.length > 0) throw new Error(`There is no ${missing.join(', ')}`)
  const options: ts.CompilerOptions = {
    ...config.options,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: ['node', 'jest'],
    allowJs: true,
    checkJs: true,
    noImplicitAny: !isJavaScript,
    strictNullChecks: !isJavaScript,
    exactOptionalPropertyTypes: false,
    noUncheckedIndexedAccess: false,
    verbatimModuleSyntax: false,
  }
  const program = ts.createProgram([...files.keys(), ...contextFiles], options, hostFor(onDisk, options))
  const problemsOf = (file: string) => {
    const source = program.getSourceFile(file)
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  }
  const inContexts = contextFiles.flatMap((file) =>
    problemsOf(file).map((problem) => describe(problem, { page: file, line: 1 })),
  )
  const inSnippets = [...files].flatMap(([file, snippet]) =>
    problemsOf(file).map((problem) => describe(problem, snippet)),
  )
  return [...inContexts, ...inSnippets]
}

/** Where the block would be in a project that has the packages. */
function fileOf({ page, line, language, directive }: Snippet): string {
  const name =
    directive.kind === 'file' ? directive.name : `block-${line}.${language === 'js' ? 'mjs' : 'ts'}`
  return join(blocks, folderOf(page), name)
}

/** The disk, with the blocks on it. */
function hostFor(files: ReadonlyMap<string, Snippet>, options: ts.CompilerOptions): ts.CompilerHost {
  const disk = ts.createCompilerHost(options)
  return {
    ...disk,
    fileExists: (file) => files.has(file) || disk.fileExists(file),
    directoryExists: (folder) => folder.startsWith(blocks) || ts.sys.directoryExists(folder),
    readFile: (file) => files.get(file)?.code ?? disk.readFile(file),
    getSourceFile(file, languageOptions) {
      const snippet = files.get(file)
      if (snippet !== undefined) return ts.createSourceFile(file, snippet.code, languageOptions, true)
      if (!parsed.has(file)) parsed.set(file, disk.getSourceFile(file, languageOptions))
      return parsed.get(file)
    },
  }
}

function describe(problem: ts.Diagnostic, { page, line }: Pick<Snippet, 'page' | 'line'>): string {
  const { start, file, messageText, code } = problem
  const offset =
    file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
  return `${page}:${line + offset}: ${ts.flattenDiagnosticMessageText(messageText, '\n')} (TS${code})`
}

import { pages, type Snippet, snippetsOf } from './support/snippet.ts'
import { typeCheck } from './support/type-check.ts'

const code = pages()
  .flatMap(snippetsOf)
  .filter(({ language }) => language === 'ts' || language === 'js')

/** Why a block is not type-checked. */
function exemption({ directive }: Snippet): string | undefined {
  if (directive.kind === 'unchecked') return directive.reason
  return directive.kind === 'before' ? directive.untypedBecause : undefined
}

test('every code block in TypeScript or JavaScript compiles', () => {
  expect(code.length).toBeGreaterThan(50)
  expect(typeCheck(code.filter((snippet) => exemption(snippet) === undefined))).toEqual([])
}, 300_000)

test('hardly a code block is left unchecked, and each says why', () => {
  const reasons = code.map(exemption).filter((reason) => reason !== undefined)
  expect(reasons.length).toBeLessThan(4)
  for (const reason of reasons) expect(reason.split(' ').length).toBeGreaterThan(3)
})

test('the check finds what is wrong, and says where', () => {
  const [first] = code
  if (first === undefined) throw new Error('There are no code blocks.')
  const wrong = { ...first, language: 'ts', line: 7, directive: { kind: 'module' } as const }
  expect(typeCheck([{ ...wrong, code: "\nconst n: number = 'text'\nexport { n }\n" }])).toEqual([
    `${first.page}:8: Type 'string' is not assignable to type 'number'. (TS2322)`,
  ])
  expect(typeCheck([{ ...wrong, code: "import { nothing } from '@rivulet/core'\nnothing()\n" }])).toEqual([
    expect.stringContaining("has no exported member 'nothing'"),
  ])
})

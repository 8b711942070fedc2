import { pages, placeOf, snippetsOf } from './support/snippet.ts'
import { typeCheck } from './support/type-check.ts'

const code = pages()
  .flatMap(snippetsOf)
  .filter(({ language }) => language === 'ts' || language === 'js')

test('every code block in TypeScript or JavaScript compiles', () => {
  expect(code.length).toBeGreaterThan(50)
  expect(typeCheck(code.filter(({ directive }) => directive.kind !== 'unchecked'))).toEqual([])
}, 300_000)

test('few code blocks are left unchecked, each for a reason', () => {
  const unchecked = code.flatMap((snippet) =>
    snippet.directive.kind === 'unchecked' ? [`${placeOf(snippet)}: ${snippet.directive.reason}`] : [],
  )
  expect(unchecked.length).toBeLessThan(6)
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

/** Published as ES modules only: Jest, which runs CommonJS here, has to translate them. */
const esmOnly = [
  'eventsource-parser',
  'eventsource',
  'eventsource-client',
  'cookie',
  'arktype',
  'arkregex',
  '@ark',
  '@seriousme',
]

const swc = {
  jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
}

/** @type {import('jest').Config} */
export default {
  // Many tests wait more than they work: by default two cores would get one worker.
  maxWorkers: '100%',
  testEnvironment: 'node',
  roots: ['<rootDir>/packages', '<rootDir>/test'],
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  testTimeout: 20_000,
  watchman: false,
  // Tests run on the sources: no build is needed, and coverage and stack traces name the real lines.
  moduleNameMapper: {
    '^@rivulet/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@rivulet/([^/]+)/([^/]+)$': '<rootDir>/packages/$1/src/$2.ts',
    // A thread's program cannot be a source; see there.
    '^\\./worker-file\\.ts$': '<rootDir>/packages/log-sqlite/test/support/worker-file.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/dist/'],
  transform: {
    '\\.ts$': ['@swc/jest', swc],
    '\\.m?js$': ['@swc/jest', { ...swc, jsc: { target: 'es2022', parser: { syntax: 'ecmascript' } } }],
  },
  // pnpm keeps every package at node_modules/.pnpm/<name>@<version>/node_modules/<name>: the pattern
  // has to look past the first node_modules.
  transformIgnorePatterns: [`/node_modules/(?!\\.pnpm/|(?:${esmOnly.join('|')})/)`],
  reporters: ['default', '<rootDir>/scripts/closing-line-reporter.mjs'],
}

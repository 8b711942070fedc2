import tseslint from 'typescript-eslint'

/**
 * Biome formats and lints. ESLint is here for the one thing that needs the type checker: a promise
 * that nobody waits for.
 */
export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'examples/**', '**/*.config.ts', 'tsdown.base.ts'] },
  {
    files: ['packages/*/src/**/*.ts', 'packages/*/test/**/*.ts', 'test/**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
)

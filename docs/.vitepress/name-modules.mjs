/**
 * Names modules as they are imported: `@rivulet/core` instead of `core/src`.
 *
 * @param {import('typedoc').Application} app
 */
export function load(app) {
  app.converter.on('resolveBegin', ({ project }) => {
    for (const module of project.children ?? []) {
      module.name = `@rivulet/${module.name.replace(/\/src(?=\/|$)/, '')}`
    }
  })
}

/** What packages come to when an application bundles and minifies them: with brotli, or gzip where it says so. `npm run check` fails beyond these. */
export default [
  {
    name: '@rivulet/core',
    path: 'packages/core/dist/index.mjs',
    limit: '24.5 kB',
    modifyEsbuildConfig: (config) => ({ ...config, platform: 'node' }),
  },
  {
    name: '@rivulet/client: connect, with its parser',
    path: 'packages/client/dist/index.mjs',
    import: '{ connect }',
    gzip: true,
    limit: '5.2 kB',
  },
  {
    name: '@rivulet/client: the drop-in EventSource, with all of that',
    path: 'packages/client/dist/eventsource.mjs',
    import: '{ createEventSource }',
    gzip: true,
    limit: '6 kB',
  },
]

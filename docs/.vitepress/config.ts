import { defineConfig } from 'vitepress'
import { apiPages } from './api-pages.ts'
import { linkToPages } from './link-to-pages.ts'
import { packageNames } from './packages.ts'

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 5q3-3 6 0t6 0M2 11q3-3 6 0t6 0" fill="none" stroke="#14796a" stroke-width="2.5" stroke-linecap="round"/></svg>'

/**
 * The site is made of the pages as they lie in the repository, where their links work too: `docs/`, and what is beside the packages
 * and examples. `npm run docs` shows it, `npm run docs:build` builds it and fails on a warning or a dead link.
 */
export default defineConfig({
  srcDir: '..',
  outDir: './.vitepress/dist',
  cacheDir: './.vitepress/cache',
  srcExclude: [
    'README.md',
    '**/node_modules/**',
    '**/CHANGELOG.md',
    '.changeset/**',
    'test/**',
    'bench/**',
    '**/dist/**',
  ],
  rewrites: {
    'CONTRIBUTING.md': 'contributing.md',
    'docs/decisions/README.md': 'decisions/index.md',
    'docs/:path(.*)': ':path',
    'packages/:name/README.md': 'packages/:name.md',
    'examples/README.md': 'examples/index.md',
    'examples/:name/README.md': 'examples/:name.md',
  },
  title: 'Rivulet',
  description: 'Server-Sent Events for Node: Express and Fastify on one core',
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }],
  ],
  cleanUrls: true,
  lastUpdated: false,
  // Addresses of programs that a reader has started.
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    config: (markdown) => {
      markdown.use(linkToPages)
    },
    languageAlias: { caddy: 'nginx', haproxy: 'nginx' },
  },
  // The pages are small; the one big chunk is the search's index, which is loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'Errors', link: '/errors' },
      { text: 'API', link: '/api/' },
      { text: 'Benchmarks', link: '/benchmarks' },
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          { text: 'Getting started', link: '/getting-started' },
          { text: 'Projects to copy', link: '/examples/' },
          { text: 'How resume works', link: '/resume' },
          { text: 'Comparison', link: '/comparison' },
          { text: 'Migrating', link: '/migrating' },
        ],
      },
      {
        text: 'Guide',
        items: [
          { text: 'Streams', link: '/streams' },
          { text: 'Channels and topics', link: '/channels' },
          { text: 'Snapshot plus stream', link: '/snapshots' },
          { text: 'Logs: which to choose', link: '/logs' },
          { text: 'Typed events', link: '/events' },
          { text: 'OpenAPI', link: '/openapi' },
          { text: 'The client', link: '/client' },
          { text: 'Testing your streams', link: '/testing' },
        ],
      },
      {
        text: 'Operation',
        items: [
          { text: 'In production', link: '/production' },
          { text: 'Security', link: '/security' },
          { text: 'Seeing what happens', link: '/diagnostics' },
          { text: 'Errors', link: '/errors' },
          { text: 'Benchmarks', link: '/benchmarks' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'API', link: '/api/', collapsed: true, items: apiPages() },
          { text: 'On the wire', link: '/protocol' },
          { text: 'Packages', collapsed: true, items: packageNames().map(packageItem) },
          { text: 'Decisions', link: '/decisions/' },
          { text: 'Contributing', link: '/contributing' },
        ],
      },
    ],
  },
})

function packageItem(name: string) {
  return { text: `@rivulet/${name}`, link: `/packages/${name}` }
}

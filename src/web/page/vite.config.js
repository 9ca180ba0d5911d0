import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  // The gateway may listen at any path.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: here('../../../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing goes into the document as data: the policy of the page has no `data:`.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: { input: [here('index.html'), here('admin.html')] },
  },
});

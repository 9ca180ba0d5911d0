import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Its license wants to be told, and where the source is. */
const NOVNC = `/*! noVNC, MPL-2.0: https://www.npmjs.com/package/@novnc/novnc */`;

export default defineConfig({
  root: here('.'),
  // The gateway may listen at any path.
  base: './',
  logLevel: 'warn',
  build: {
    outDir: here('../../../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing goes into the document as data.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: [here('index.html'), here('admin.html')],
      output: { postBanner: ({ name }) => (name === 'rfb' ? NOVNC : '') },
    },
  },
});

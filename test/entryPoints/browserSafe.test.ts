import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('entry points for browsers', () => {
  for (const name of [
    'urbdrc',
    'urbdrc/codecs',
    'urbdrc/devices/virtual',
    'urbdrc/policy',
    'urbdrc/conformance',
    'urbdrc/web',
    'urbdrc/webusb-globals',
  ]) {
    it(`${name} bundles for a browser: without modules of Node, and without code that is made at run time`, async () => {
      const { errors, warnings, metafile, outputFiles } = await build({
        stdin: { contents: `export * from '${name}'`, resolveDir: ROOT, loader: 'ts' },
        absWorkingDir: ROOT,
        bundle: true,
        platform: 'browser',
        format: 'esm',
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      expect([...errors, ...warnings]).to.deep.equal([]);
      const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
      expect(imports.filter((path) => path.startsWith('node:') || builtinModules.includes(path))).to.deep.equal([]);
      expect(outputFiles[0]?.text).not.to.match(/\bnew Function\b|\beval\(/);
    });
  }
});

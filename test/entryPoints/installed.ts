/**
 * Installs the package as npm would publish it into an empty TypeScript project, and compiles the examples of README.md and
 * of docs there, with the module resolutions of Node and of bundlers. `npm run package:check` runs it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESOLUTIONS = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

/** Runs a program to its end. @throws Error with all that it printed, when it fails */
function run(folder: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

/** The TypeScript in a page's code blocks that import the package. */
function examplesOf(page: string): string[] {
  const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(
    ([, code = '']) => code,
  );
  return blocks.filter((code) => /^import .* from 'urbdrc/m.test(code));
}

/** Links of the package's pages to files that are not in it. */
function brokenLinks(root: string): string[] {
  const pages = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  return pages.flatMap((page) => {
    const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#: ]+)[^):]*\)/g)];
    const targets = links.map(([, target = '']) => target);
    return targets.filter((target) => !existsSync(join(root, dirname(page), target))).map((to) => `${page}: ${to}`);
  });
}

/** Names that the examples take for given. */
const GIVEN = `declare const transport: import('urbdrc').Transport;
declare const source: import('urbdrc').UsbDeviceSource;
`;

const folder = mkdtempSync(join(tmpdir(), 'urbdrc-installed-'));
try {
  const [{ filename }] = JSON.parse(
    run(ROOT, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  ) as [{ filename: string }];
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  run(
    folder,
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--omit=optional',
    join(folder, filename),
  );
  const broken = brokenLinks(join(folder, 'node_modules/urbdrc'));
  if (broken.length > 0) throw new Error(`the package's pages have links to what is not in it:\n${broken.join('\n')}`);
  const documents = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const examples = ['README.md', ...documents.map((name) => `docs/${name}`)].flatMap(examplesOf);
  if (examplesOf('README.md').length === 0) throw new Error('README.md has no example');
  writeFileSync(join(folder, 'given.d.ts'), GIVEN);
  examples.forEach((code, index) => {
    writeFileSync(join(folder, `example${index}.ts`), code);
  });
  for (const resolution of RESOLUTIONS) {
    const compilerOptions = {
      ...resolution,
      target: 'es2022',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      strict: true,
      // The declarations must hold by themselves: `stripInternal` leaves some out.
      skipLibCheck: false,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    run(folder, process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.');
  }
  console.log(`${examples.length} examples compile with the installed package, as Node and as bundlers resolve it`);
} finally {
  rmSync(folder, { recursive: true });
}

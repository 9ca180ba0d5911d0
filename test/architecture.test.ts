import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { PROTOCOLS } from '../codecs/protocols.ts';
import { URB_FUNCTIONS } from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import { conformanceRequirements } from '../docs/conformanceRequirements.ts';
import { peerProfiles } from '../docs/peerProfiles.ts';
import { specCoverage, vectorsOf, vectorsOfFunction } from '../docs/specCoverage.ts';
import { stateDiagrams } from '../docs/stateDiagrams.ts';
import { structModules } from '../docs/structs.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const GENERATED = new Set(['node_modules', 'dist', 'coverage', '.git', 'out']);
const TEXT = /\.(ts|js|json|jsonl|md)$|^lab\/(init|lab|monitor|second|test)$|^\.ci\/run$/;

/** Every file of the project, with slashes, relative to its root. */
function filesBelow(folder: string): string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (GENERATED.has(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

const read = (path: string) => readFileSync(ROOT + path, 'utf8');
const FILES = filesBelow('').filter((path) => TEXT.test(path));
const TYPESCRIPT = FILES.filter((path) => path.endsWith('.ts'));
const PAGES = FILES.filter((path) => path.endsWith('.md'));

/** Whether people write in it. */
const isProse = (path: string) => /\.(ts|js|md)$/.test(path);

/** Lines of files that match, as `file:line`. */
function linesThatMatch(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
  );
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('the project', () => {
  it('has files of at most 400 lines, tests of at most 600', () => {
    const isTest = (path: string) => /^(test|bench|examples|docs|lab)\//.test(path);
    const written = TYPESCRIPT.filter((path) => !path.endsWith('.generated.ts'));
    const tooLong = written.filter((path) => read(path).trimEnd().split('\n').length > (isTest(path) ? 600 : 400));
    expect(TYPESCRIPT).to.have.length.above(100);
    expect(tooLong).to.deep.equal([]);
  });

  it('has no barrels but the entry points, and no drawers', () => {
    const drawers = TYPESCRIPT.filter((path) => /(^|\/)(index|utils?|helpers?|misc|common)\.ts$/i.test(path));
    expect(drawers).to.deep.equal([]);
    const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string | { default: string }> };
    const entryPoints = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : entry.default));
    const sources = entryPoints.map((path) => path.replace('./dist/', '').replace(/js$/, 'ts'));
    const files = TYPESCRIPT.filter((path) => path.startsWith('src/entryPoints/'));
    expect(files.filter((path) => !sources.includes(path))).to.deep.equal([]);
    expect(sources.filter((path) => !TYPESCRIPT.includes(path))).to.deep.equal([]);
  });

  it('has no test that is skipped or alone, and nothing put off', () => {
    const isTest = (path: string) => /^(lab\/)?tests?\//.test(path);
    // The letters stand apart so that this file does not find itself.
    expect(linesThatMatch(FILES.filter(isTest), /\b(it|describe|this)[.](only|skip)\(/)).to.deep.equal([]);
    expect(linesThatMatch(FILES.filter(isProse), /\b([T]ODO|[F]IXME|[X]XX)\b/)).to.deep.equal([]);
  });

  it('names options of the command line in the program alone: others use the package without it', () => {
    const library = TYPESCRIPT.filter(
      (path) => /^(codecs|src|transports)\//.test(path) && !path.startsWith('src/cli/'),
    );
    // Not in comments; docker has options too.
    const texts = /^(?!\s*(\*|\/)|.*docker).*(['"`(, ]--[a-z]|(\\|'.*)`urbdrc )/;
    expect(linesThatMatch(library, texts)).to.deep.equal([]);
  });

  it('names no folder of the machine it was written on, and no host that packages came from', () => {
    // What lab/init calls /root is in the virtual machine.
    const elsewhere = FILES.filter((path) => !path.endsWith('.jsonl') && path !== 'lab/init');
    const folders = new RegExp(`(^|[\\s"'\`(=:])/(${['work', 'root', 'home', 'Users'].join('|')})/[\\w.-]`);
    expect(linesThatMatch(elsewhere, folders)).to.deep.equal([]);
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    const hosts = Object.values(lock.packages).flatMap(({ resolved }) =>
      resolved === undefined ? [] : [new URL(resolved).host],
    );
    expect([...new Set(hosts)].filter((host) => host !== 'registry.npmjs.org')).to.deep.equal([]);
  });
});

describe('test vectors', () => {
  for (const protocol of PROTOCOLS) {
    for (const message of protocol.messages) {
      it(`show what ${message.name} looks like, from a specification, a capture or a hand`, () => {
        const origins = new Set(
          vectorsOf(protocol, message).flatMap(({ origin, value }) => (value === undefined ? [] : origin)),
        );
        expect([...origins], `test-vectors/${protocol.name}/${message.name}`).to.satisfy((each: string[]) =>
          each.some((origin) => ['spec', 'capture', 'hand'].includes(origin)),
        );
      });
    }
  }

  for (const info of URB_FUNCTIONS) {
    it(`show a request of ${info.name}`, () => expect(vectorsOfFunction(info)).not.to.be.empty);
  }
});

describe('documents', () => {
  const documents = {
    'docs/conformance-requirements.md': conformanceRequirements,
    'docs/peer-profiles.md': peerProfiles,
    'docs/spec-coverage.md': specCoverage,
    'docs/states.md': stateDiagrams,
  };
  for (const [path, generate] of Object.entries(documents)) {
    it(`${path} is what npm run docs writes`, () => expect(read(path) === generate(), 'run npm run docs').to.be.true);
  }

  it('and the decoders of field tables are what npm run docs writes', async () => {
    const modules = await structModules();
    const stale = [...modules].flatMap(([path, content]) => (read(path) === content ? [] : [path]));
    expect(stale, 'run npm run docs').to.deep.equal([]);
    expect([...modules.keys()]).to.deep.equal(TYPESCRIPT.filter((path) => path.endsWith('.generated.ts')).sort());
  });

  it('link to files and headings that exist', () => {
    const broken = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
        if (/^[a-z]+:/.test(target)) return [];
        const [file = '', anchor] = target.split('#');
        const path = file === '' ? page : posix.join(posix.dirname(page), file);
        if (!existsSync(ROOT + path)) return [`${page}: ${target}`];
        if (anchor === undefined) return [];
        const headings = [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
        return headings.includes(anchor) ? [] : [`${page}: ${target}`];
      }),
    );
    expect(broken).to.deep.equal([]);
  });

  it('that code and documents mention exist', () => {
    const mentioned = FILES.flatMap((path) => [...read(path).matchAll(/\bdocs\/[\w-]+\.md\b/g)].map(([name]) => name));
    expect([...new Set(mentioned)].filter((path) => !existsSync(ROOT + path))).to.deep.equal([]);
  });
});

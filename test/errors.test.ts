import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as urbdrc from '../src/entryPoints/urbdrc.ts';
import * as node from '../src/entryPoints/node.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SOURCES = ['codecs', 'src', 'transports'].flatMap((folder) =>
  readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(`${ROOT}${folder}/${path}`, 'utf8')),
);
/** They end a check of the conformance suite, a request or a command, and reach nobody who could catch them. */
const INTERNAL = new Set(['CheckFailure', 'Failure', 'ImportRefused', 'NotApplicable']);

/** The words in quotes in what the pattern's group finds. */
const literals = (text: string, pattern: RegExp) =>
  [...(pattern.exec(text)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, word = '']) => word).sort();

/** The codes of an error class, from its source. */
function codesOf(name: string, source: string): string[] {
  const union = literals(source, new RegExp(`export type ${name}Code =([^;]*);`));
  return union.length > 0 ? union : literals(source, /readonly code = ('\w+')/);
}

describe('docs/errors.md', () => {
  const document = readFileSync(`${ROOT}docs/errors.md`, 'utf8');
  const classes = SOURCES.flatMap((source) =>
    [...source.matchAll(/class (\w+) extends \w*Error /g)]
      .map(([, name = '']) => name)
      .filter((name) => !INTERNAL.has(name))
      .map((name) => ({ name, codes: codesOf(name, source) })),
  );

  it('knows every class of errors, and each of them is exported', () => {
    const listed = [...document.matchAll(/^\| `(\w+Error)`/gm)].map(([, name]) => name);
    expect(listed.sort()).to.deep.equal(classes.map(({ name }) => name).sort());
    const exported = Object.keys({ ...urbdrc, ...node });
    expect(exported).to.include.members(listed);
  });

  for (const { name, codes } of classes) {
    it(`lists the codes of ${name}, and no others`, () => {
      expect(codes).to.not.have.length(0);
      const section = new RegExp(`^## ${name}$([\\s\\S]*?)(?=^## )`, 'm').exec(`${document}\n## `)?.[1] ?? '';
      const found = [...section.matchAll(/^(?:### |\| )`(\w+)`/gm)].map(([, code = '']) => code);
      expect(found.filter((code) => code !== 'code').sort()).to.deep.equal(codes);
    });
  }
});

describe('errors', () => {
  it('have a code also where nobody gave one', () => {
    const spec = { document: 'MS-RDPEUSB', section: '3.1.5' };
    expect(new urbdrc.UsageError('no')).to.include({ code: 'INVALID_ARGUMENT', name: 'UsageError' });
    expect(new urbdrc.ProtocolError('A', 'b', 'no', spec)).to.include({ code: 'OUT_OF_SEQUENCE', state: 'b' });
  });
});

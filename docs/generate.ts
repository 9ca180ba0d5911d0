/** `npm run docs` writes the generated documents; with `--check` it fails where one is not up to date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { conformanceRequirements } from './conformanceRequirements.ts';
import { peerProfiles } from './peerProfiles.ts';
import { specCoverage } from './specCoverage.ts';
import { stateDiagrams } from './stateDiagrams.ts';

const DOCUMENTS = {
  'conformance-requirements.md': conformanceRequirements,
  'peer-profiles.md': peerProfiles,
  'spec-coverage.md': specCoverage,
  'states.md': stateDiagrams,
};
const isCheck = process.argv.includes('--check');

for (const [name, generate] of Object.entries(DOCUMENTS)) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const content = generate();
  if (!isCheck) {
    writeFileSync(path, content);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== content) {
    process.stderr.write(`docs/${name} is not up to date: run npm run docs\n`);
    process.exitCode = 1;
  }
}

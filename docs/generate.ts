/**
 * `npm run docs` writes the generated documents and the decoders of field tables; with `--check` it fails where one is
 * not up to date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configSchema } from '../src/cli/configFile.ts';
import { gatewayCommand } from '../src/cli/gateway.ts';
import { serveCommand } from '../src/cli/serve.ts';
import { proxyCommand } from '../src/cli/proxy.ts';
import { redirectCommand } from '../src/cli/redirect.ts';
import { conformanceRequirements } from './conformanceRequirements.ts';
import { manPage } from './manPage.ts';
import { peerProfiles } from './peerProfiles.ts';
import { specCoverage } from './specCoverage.ts';
import { stateDiagrams } from './stateDiagrams.ts';
import { structModules } from './structs.ts';

const ROOT = new URL('../', import.meta.url);
const isCheck = process.argv.includes('--check');

function generate(name: string, content: string): void {
  const path = fileURLToPath(new URL(name, ROOT));
  if (!isCheck) {
    writeFileSync(path, content);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== content) {
    process.stderr.write(`${name} is not up to date: run npm run docs\n`);
    process.exitCode = 1;
  }
}

for (const [name, content] of await structModules()) generate(name, content);
for (const command of [gatewayCommand(), proxyCommand(), redirectCommand(), serveCommand()]) {
  generate(`docs/${command.name()}.schema.json`, `${JSON.stringify(configSchema(command), null, 2)}\n`);
}
generate('docs/conformance-requirements.md', conformanceRequirements());
generate('docs/peer-profiles.md', peerProfiles());
generate('docs/spec-coverage.md', specCoverage());
generate('docs/states.md', stateDiagrams());
generate('docs/urbdrc.1', manPage());

import { formatSpec, type SpecRef } from '../codecs/core/errors.ts';
import { CLIENT_REQUIREMENTS } from '../src/conformance/client/requirements.ts';
import { SERVER_REQUIREMENTS } from '../src/conformance/server/requirements.ts';
import { table } from './markdown.ts';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly sections: readonly SpecRef[];
  readonly severity: string;
}

/** The requirements that `urbdrc conformance` tests. */
export function conformanceRequirements(): string {
  return `# Requirements

Generated from the requirements in the code by \`npm run docs\`: do not edit. [How to grade a peer](conformance.md).

## Of a client

${tableOf(CLIENT_REQUIREMENTS)}

## Of a server

${tableOf(SERVER_REQUIREMENTS)}
`;
}

function tableOf(rows: readonly Row[]): string {
  return table(
    ['Id', 'Requirement', 'Sections', ''],
    rows.map(({ id, title, sections, severity }) => [id, title, sections.map(formatSpec).join(', '), severity]),
  );
}

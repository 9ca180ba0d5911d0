import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasFingerprint, normalizeFingerprint } from '../../transports/certificates.ts';
import type { PresentedCertificate } from '../../transports/rdp/dialRdp.ts';
import { codeOf, TransportError } from '../../transports/transportError.ts';
import { Failure } from './failure.ts';
import { fileProblem } from './files.ts';

const FILE = 'known_hosts';
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** The file of known hosts in a state folder. */
export function knownHostsFile(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : join(folder, FILE);
}

/**
 * Trusts the certificate that a server showed at the first connection, and no other one from then on, as ssh does. One that an
 * authority of the system vouches for needs no line. A line of `file` is `HOST:PORT FINGERPRINT`; `#` begins a comment.
 *
 * @throws TransportError CERTIFICATE_CHANGED, or CERTIFICATE_NOT_TRUSTED where there is no file
 * @throws Failure when the file cannot be read or written
 */
export async function judgeByKnownHosts(
  file: string | undefined,
  host: string,
  { fingerprint, isTrusted }: Pick<PresentedCertificate, 'fingerprint' | 'isTrusted'>,
  say: (line: string) => void,
): Promise<void> {
  if (isTrusted) return;
  if (file === undefined) {
    throw new TransportError(
      'CERTIFICATE_NOT_TRUSTED',
      `${host} presented a certificate that is not trusted, fingerprint ${fingerprint}, and there is no place to ` +
        'remember it: if it is the right one, give it with --fingerprint, or a file with --known-hosts',
    );
  }
  const known = fingerprintsOf(await readKnown(file), host);
  if (known.some(({ digits }) => hasFingerprint(fingerprint, digits))) return;
  const [first] = known;
  if (first !== undefined) {
    throw new TransportError(
      'CERTIFICATE_CHANGED',
      `${host} presented another certificate than before, fingerprint ${fingerprint}: somebody may be in between. ` +
        `If the server really has a new one, remove line ${first.line} of ${file}`,
    );
  }
  await remember(file, `${host} ${fingerprint}\n`);
  say(`${host} is new: its certificate, fingerprint ${fingerprint}, is remembered in ${file}`);
}

async function readKnown(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw new Failure(`cannot read ${file}: ${fileProblem(error)}`, 2);
  }
}

async function remember(file: string, line: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
    await appendFile(file, line, { mode: PRIVATE_FILE });
  } catch (error) {
    throw new Failure(`cannot remember a certificate in ${file}: ${fileProblem(error)}`, 2);
  }
}

/** What the file says of a host. A line that is none is passed over: it can only make a server unknown. */
function fingerprintsOf(text: string, host: string) {
  return text.split('\n').flatMap((content, index) => {
    const [name, fingerprint = ''] = content.trim().split(/\s+/);
    if (name !== host) return [];
    try {
      return [{ line: index + 1, digits: normalizeFingerprint(fingerprint) }];
    } catch {
      return [];
    }
  });
}

import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { hasFingerprint, normalizeFingerprint } from '../../transports/certificates.ts';
import type { PresentedCertificate } from '../../transports/rdp/serverTls.ts';
import { codeOf, TransportError } from '../../transports/transportError.ts';
import { Failure } from './failure.ts';
import { fileProblem } from './files.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

const FILE = 'known_hosts';
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** The file of known hosts in a state folder. */
export function knownHostsFile(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : join(folder, FILE);
}

/**
 * Trusts the certificate that a server showed at the first connection, and no other one from then on, as ssh does. Where there
 * is a person to ask, `isConfirmed` does so before the first one is trusted. One that an
 * authority of the system vouches for needs no line. A line of `file` is `HOST:PORT FINGERPRINT`; `#` begins a comment.
 *
 * @throws TransportError CERTIFICATE_CHANGED, or CERTIFICATE_NOT_TRUSTED where there is no file, or the person says no
 * @throws Failure when the file cannot be read or written
 */
export async function judgeByKnownHosts(
  file: string | undefined,
  host: string,
  { fingerprint, isTrusted }: Pick<PresentedCertificate, 'fingerprint' | 'isTrusted'>,
  say: (line: string) => void,
  isConfirmed?: (question: string) => Promise<boolean>,
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
  const question = `${host} is new. Is this the fingerprint of its certificate: ${fingerprint}? [yes/no]`;
  if (isConfirmed !== undefined && !(await isConfirmed(question))) {
    const problem = `${host}: nobody confirmed its certificate, fingerprint ${fingerprint}; nothing was sent, and nothing is remembered`;
    throw new TransportError('CERTIFICATE_NOT_TRUSTED', problem);
  }
  await remember(file, `${host} ${fingerprint}\n`);
  say(`${host} is new: its certificate, fingerprint ${fingerprint}, is remembered in ${file}`);
}

/** What the person at the terminal answers; no, when `signal` is aborted or the terminal is gone. Never rejects. */
export function confirmedBy(
  stdin: ProgramContext['stdin'],
  terminal: Pick<Terminal, 'warn'>,
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: stdin });
    const settle = (isYes: boolean) => {
      signal.removeEventListener('abort', refuse);
      resolve(isYes);
      lines.close();
    };
    const refuse = () => settle(false);
    signal.addEventListener('abort', refuse);
    lines.on('close', refuse);
    lines.on('line', (line) => {
      if (/^\s*y(es)?\s*$/i.test(line)) settle(true);
      else if (/^\s*no?\s*$/i.test(line)) settle(false);
      else terminal.warn('type yes or no', { event: 'question' });
    });
    terminal.warn(question, { event: 'question' });
  });
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

import { X509Certificate } from 'node:crypto';
import { constants, link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { makeIdentity, readIdentity, type ServerIdentity } from '../../transports/certificates.ts';
import { codeOf } from '../../transports/transportError.ts';
import { isOwn } from '../capture/privateFile.ts';
import { Failure, oneLine } from './failure.ts';

/** Key and certificate, in one file so that they always belong together. */
const FILE = 'identity.pem';
/** People have its fingerprint in their scripts. */
const DAYS = 3650;
/** How often others may be faster, before something is wrong. */
const ATTEMPTS = 5;
const PRIVATE_MODE = 0o600;
const OTHERS = 0o077;
const WRITABLE_BY_ALL = 0o002;

/**
 * State folder of this program: the one that the user names, else `URBDRC_STATE_DIR`, else systemd's
 * `STATE_DIRECTORY`, else `urbdrc` in the XDG state folder. Undefined when there is no such place.
 */
export function stateFolder(
  chosen: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const set = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const given = chosen ?? set('URBDRC_STATE_DIR') ?? set('STATE_DIRECTORY')?.split(':')[0];
  if (given !== undefined) return given;
  const xdg = set('XDG_STATE_HOME');
  // A relative one does not count, as the XDG specification has it.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'urbdrc');
  const home = set('HOME');
  return home === undefined ? undefined : join(home, '.local', 'state', 'urbdrc');
}

/**
 * The certificate of this machine's listeners: made at the first start and kept in `folder`, so that its fingerprint
 * stays. One that is over or cannot be used is set aside, with the ending `.old`, and replaced. Where nothing can be
 * kept, a new one is given all the same. `say` is told, in one line, of all but the ordinary.
 */
export async function keptIdentity(
  folder: string | undefined,
  host: string,
  say: (line: string) => void,
  now: () => number = Date.now,
): Promise<ServerIdentity> {
  const names = [hostname()];
  let problem = 'there is no folder for it; say one with --state-dir';
  if (folder !== undefined) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await checkFolder(folder);
      return await kept(join(folder, FILE), say, now, () => makeIdentity(host, { names, days: DAYS }));
    } catch (error) {
      problem = `it cannot be kept in ${folder}: ${oneLine(error)}`;
    }
  }
  say(`the certificate is another one at each start: ${problem}`);
  return makeIdentity(host, { names });
}

/** @throws Failure for a folder in which others could put a key of theirs */
async function checkFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { uid, mode } = await stat(folder);
  if (uid !== 0 && !isOwn({ uid })) throw new Failure('the folder belongs to another user');
  if ((mode & WRITABLE_BY_ALL) !== 0) throw new Failure(`every user may write there: chmod o-w ${folder}`);
}

async function kept(
  file: string,
  say: (line: string) => void,
  now: () => number,
  make: () => Promise<ServerIdentity>,
): Promise<ServerIdentity> {
  let line = `a certificate was made and is kept in ${file}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await look(file, now());
    if (found.type === 'usable') {
      if (found.isOpen) say(`${file} has the private key and can be read by others: chmod 600 ${file}`);
      return found.identity;
    }
    if (found.type === 'unusable') {
      line = `${found.problem}: it is now ${file}.old, and a new certificate with another fingerprint was made`;
      await setAside(file, found.text);
    }
    const made = await make();
    if (await createWhole(file, `${made.key.trim()}\n${made.certificate.trim()}\n`)) {
      say(line);
      return made;
    }
  }
  throw new Failure(`${file} comes and goes: is something else writing there?`);
}

type Found =
  | { readonly type: 'usable'; readonly identity: ServerIdentity; readonly isOpen: boolean }
  | { readonly type: 'missing' }
  /** Text is undefined when the file cannot be read. */
  | { readonly type: 'unusable'; readonly problem: string; readonly text: string | undefined };

async function look(file: string, now: number): Promise<Found> {
  let text: string;
  let mode: number;
  try {
    ({ text, mode } = await readOwn(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { type: 'missing' };
    return { type: 'unusable', problem: `${file} cannot be read (${oneLine(error)})`, text: undefined };
  }
  try {
    const end = new X509Certificate(text).validTo;
    if (Date.parse(end) <= now) return { type: 'unusable', problem: `the certificate in ${file} ended ${end}`, text };
    const isOpen = process.platform !== 'win32' && (mode & OTHERS) !== 0;
    return { type: 'usable', identity: readIdentity(text, text), isOpen };
  } catch (error) {
    return { type: 'unusable', problem: `${file} cannot be used (${oneLine(error)})`, text };
  }
}

/** @throws Error also for a symbolic link, and for the file of another user: whose key that is, nobody knows. */
async function readOwn(file: string): Promise<{ readonly text: string; readonly mode: number }> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = await handle.stat();
    if (uid !== 0 && !isOwn({ uid })) throw new Failure('it belongs to another user');
    return { text: await handle.readFile('utf8'), mode };
  } finally {
    await handle.close();
  }
}

/** Renames the file; puts it back where it is another one by now, because another process has replaced it. */
async function setAside(file: string, text: string | undefined): Promise<void> {
  const old = `${file}.old`;
  try {
    await rename(file, old);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (text === undefined || (await readFile(old, 'utf8')) === text) return;
  await link(old, file).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** Creates the file at once with all its content; false when it is there already. */
async function createWhole(file: string, content: string): Promise<boolean> {
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  const handle = await open(temporary, 'wx', PRIVATE_MODE);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../../codecs/core/errors.ts';
import { TransportError } from '../../../transports/transportError.ts';
import type { Ticket } from '../tickets.ts';
import { nameOfToken, plainToken, wrongToken } from './plainToken.ts';

/** Bytes of a file of tokens. */
const LARGEST_FILE = 4 * 1024 * 1024;

/**
 * Tokens as websockify has them (TokenFile): lines `TOKEN: PLACE` of a file, or of all files in a folder; `#` begins a comment.
 * PLACE is HOST:PORT, `unix_socket:PATH`, or the name of a target. A token is good for as long as it stands there.
 */
export async function redeemFromFile(path: string, token: string): Promise<Ticket> {
  const wanted = plainToken(token);
  for (const file of await filesOf(path)) {
    for (const line of (await readSmall(file)).split(/\r?\n/)) {
      const { name, place } = /^(?<name>[^#:\s][^:\s]*):\s+(?<place>\S+)\s*$/.exec(line)?.groups ?? {};
      if (name === wanted && place !== undefined) return ticketFor(wanted, place);
    }
  }
  throw wrongToken('there is no such token');
}

/** Tokens as websockify has them (TokenFileName): a folder, in it a file named as the token, in it the place. */
export async function redeemFromFolder(folder: string, token: string): Promise<Ticket> {
  const wanted = plainToken(token);
  const text = await readSmall(join(folder, wanted)).catch(() => undefined);
  if (text === undefined) throw wrongToken('there is no such token');
  return ticketFor(wanted, text.trim());
}

async function filesOf(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return (await readdir(path)).map((name) => join(path, name));
  } catch (cause) {
    throw unreadable(cause);
  }
}

async function readSmall(file: string): Promise<string> {
  try {
    const stats = await stat(file);
    if (stats.isDirectory()) return '';
    if (!stats.isFile() || stats.size > LARGEST_FILE) throw new UsageError(`${file} is no file of at most 4 MiB`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): TransportError {
  return new TransportError('UPSTREAM_FAILED', 'tokens cannot be looked up now: try again later', { cause });
}

/** @throws TransportError */
function ticketFor(token: string, place: string): Ticket {
  const user = nameOfToken(token);
  const path = /^unix_socket:(\/\S+)$/.exec(place)?.[1];
  if (path !== undefined) return { user, target: `the target of ${user}`, place: `unix:${path}` };
  if (/^(\[[\da-f:.]+\]|[^:[\]\s]+):\d{1,5}$/i.test(place)) {
    return { user, target: `the target of ${user}`, place: `tcp://${place}` };
  }
  if (/^[\w.-]{1,64}$/.test(place)) return { user, target: place };
  throw wrongToken('what stands at this token is no HOST:PORT, unix_socket:PATH or name of a target');
}

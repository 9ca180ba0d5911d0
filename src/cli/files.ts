import { readFile, stat } from 'node:fs/promises';
import { codeOf } from '../../transports/transportError.ts';
import { Failure, oneLine } from './failure.ts';

/** Group and others may read. */
const READABLE_BY_OTHERS = 0o044;

/** What the system says is wrong with a file, in words. */
export function fileProblem(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'its path leads through a file that is no folder';
    case 'ENOSPC':
      return 'the disk is full';
    case 'EROFS':
      return 'the file system is read-only';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open';
    default:
      return oneLine(error);
  }
}

/** @throws Failure when the file cannot be read */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${fileProblem(error)}`, 2);
  }
}

/** UTF-8. @throws Failure when the file cannot be read */
export async function readText(file: string): Promise<string> {
  const bytes = await readBytes(file);
  // Windows writes .rdp files in UTF-16, and says so by a byte order mark.
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

/**
 * A file that has a secret in it; `say` is told when others can read it.
 * @throws Failure when it cannot be read
 */
export async function readSecretText(file: string, say: (line: string) => void): Promise<string> {
  const text = await readText(file);
  const { mode, isRegular } = await stat(file).then(
    (stats) => ({ mode: stats.mode, isRegular: stats.isFile() }),
    () => ({ mode: 0, isRegular: false }),
  );
  const isOpen = isRegular && (mode & READABLE_BY_OTHERS) !== 0 && process.platform !== 'win32';
  if (isOpen) say(`${file} has a secret and can be read by others: chmod 600 ${file}`);
  return text;
}

/**
 * The secret in the first line of a file, such as a token.
 * @throws Failure when it cannot be read, or the line is empty
 */
export async function readSecret(file: string, name: string, say: (line: string) => void): Promise<string> {
  const [first = ''] = (await readSecretText(file, say)).split(/\r?\n/);
  if (first === '') throw new Failure(`${file}: the first line is empty, it should be the ${name}`, 2);
  return first;
}

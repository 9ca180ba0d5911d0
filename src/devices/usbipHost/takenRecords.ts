import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the records of taken devices are, and where the system tells of processes. */
export interface TakenFolders {
  /** Default `/run/urbdrc/usbip-host`. */
  readonly records?: string;
  /** Default `/proc`. */
  readonly proc?: string;
}

/** The folder ends with the system's run, as the bindings of drivers do. */
export const RECORDS_FOLDER = '/run/urbdrc/usbip-host';

const BUSID = /^\d+-[\d.]+$/;

/**
 * Which devices of this machine a process has taken from their drivers: one file a device, with the process. A process that is
 * killed leaves its files, by which others find what is to be given back.
 */
export class TakenRecords {
  readonly #records: string;
  readonly #proc: string;

  constructor({ records = RECORDS_FOLDER, proc = '/proc' }: TakenFolders = {}) {
    this.#records = records;
    this.#proc = proc;
  }

  /** Before a device is taken. @throws the system's error */
  async add(busid: string): Promise<void> {
    await mkdir(this.#records, { recursive: true });
    await writeFile(join(this.#records, busid), `${process.pid} ${(await this.#startOf(process.pid)) ?? ''}\n`);
  }

  /** After it was given back. */
  remove(busid: string): Promise<void> {
    return rm(join(this.#records, busid), { force: true });
  }

  /** Devices that were taken by processes which are no more. */
  async left(): Promise<readonly string[]> {
    const names = await readdir(this.#records).catch(() => []);
    const left: string[] = [];
    for (const name of names.filter((each) => BUSID.test(each))) if (await this.#isLeft(name)) left.push(name);
    return left;
  }

  async #isLeft(busid: string): Promise<boolean> {
    const text = await readFile(join(this.#records, busid), 'utf8').catch(() => undefined);
    // Given back meanwhile.
    if (text === undefined) return false;
    const [pid = '', start = ''] = text.trim().split(' ');
    return (await this.#startOf(Number(pid))) !== start;
  }

  /** When a process began, in the kernel's ticks: another one may have its number by now. Undefined: there is none. */
  async #startOf(pid: number): Promise<string | undefined> {
    const text = await readFile(join(this.#proc, String(pid), 'stat'), 'utf8').catch(() => undefined);
    // The second field is the program's name in brackets, which may have blanks and brackets in it.
    return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  }
}

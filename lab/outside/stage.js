// What one test starts outside of the lab's machine, all of which `end` ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lab from '../tests/support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));

export class Stage {
  /** A new folder. */
  folder = '';
  /** @type {(() => Promise<unknown>)[]} */
  #endings = [];

  static async open() {
    const stage = new Stage();
    stage.folder = await mkdtemp(join(tmpdir(), 'urbdrc-lab-'));
    stage.atEnd(() => rm(stage.folder, { recursive: true, force: true }));
    return stage;
  }

  /** @param {() => Promise<unknown>} ending */
  atEnd(ending) {
    this.#endings.push(ending);
  }

  /**
   * `urbdrc`, with its state in the folder.
   * @param {string[]} args
   */
  urbdrc(...args) {
    return this.urbdrcBy([], ...args);
  }

  /**
   * The same, started by another program.
   * @param {string[]} starter its command, which ends before the program's
   * @param {string[]} args
   */
  urbdrcBy(starter, ...args) {
    const environment = {
      ...process.env,
      DEBUG: 'urbdrc:rdp,urbdrc:channel',
      XDG_STATE_HOME: join(this.folder, 'state'),
    };
    const [command = '', ...rest] = [...starter, process.execPath, MAIN, ...args];
    const program = lab.spawnProgram(command, rest, { env: environment });
    this.atEnd(() => program.stop('SIGKILL'));
    return program;
  }

  async end() {
    for (const ending of this.#endings.splice(0).reverse()) await ending();
  }
}

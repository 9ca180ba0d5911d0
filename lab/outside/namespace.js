// A part of this machine with a network, processes, accounts, /tmp and /etc/xrdp of its own: what a test starts there meets nobody
// else, may have fixed ports, and is over when the part is.
import { copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import * as lab from '../tests/support.js';
import { listening, withSettings } from '../tests/xrdp.js';

const ACCOUNTS = ['passwd', 'shadow', 'group'];
/** Of the one account more: no machine has it. */
const USER_ID = 61_234;

/** For setpriv. */
const DIES_WITH_PARENT = ['--pdeathsig', 'KILL'];

/** In $1 is what replaces the machine's own. */
const SET_UP = `set -e
busybox ip link set lo up
for name in ${ACCOUNTS.join(' ')}; do mount --bind "$1/$name" "/etc/$name"; done
mount --bind "$1/xrdp" /etc/xrdp
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
mkdir -m 1777 /tmp/.X11-unix
install -d -o ${USER_ID} -m 700 "/tmp/home"
echo ready
exec sleep infinity`;

export class Namespace {
  /** Where files for the programs in it are, which see the folder as /etc/xrdp. */
  folder = '';
  #target = 0;
  /** @type {ReturnType<typeof lab.spawnProgram>[]} */
  #programs = [];

  /**
   * @param {import('./stage.js').Stage} stage
   * @param {string} user who has an account in it, and /tmp/home
   * @param {string} password
   */
  static async open(stage, user, password) {
    if (process.getuid?.() !== 0) throw new Error('only root can have a namespace with accounts: run this as root');
    const namespace = new Namespace();
    namespace.folder = `${stage.folder}/xrdp`;
    await cp('/etc/xrdp', namespace.folder, { recursive: true });
    for (const name of ACCOUNTS) await copyFile(`/etc/${name}`, `${stage.folder}/${name}`);
    const { stdout: hash } = await lab.run('openssl', ['passwd', '-6', password]);
    await writeFile(`${stage.folder}/passwd`, `${user}:x:${USER_ID}:${USER_ID}::/tmp/home:/bin/bash\n`, { flag: 'a' });
    await writeFile(`${stage.folder}/group`, `${user}:x:${USER_ID}:\n`, { flag: 'a' });
    await writeFile(`${stage.folder}/shadow`, `${user}:${hash.trim()}:19000:0:99999:7:::\n`, { flag: 'a' });
    const flags = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const first = lab.spawnProgram('setpriv', [
      ...DIES_WITH_PARENT,
      'unshare',
      ...flags,
      'sh',
      '-c',
      SET_UP,
      'sh',
      stage.folder,
    ]);
    stage.atEnd(async () => {
      // All processes end with it, those too that programs left behind, which would hold their output open.
      await first.stop('SIGKILL');
      for (const program of namespace.#programs) await program.exit;
    });
    await first.waitForLine(/^ready$/);
    namespace.#target = Number((await readFile(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8')).trim());
    return namespace;
  }

  /**
   * Writes settings of xrdp.
   * @param {string} from its file, in the folder
   * @param {string} to
   * @param {Record<string, string>} settings
   * @param {string} [more] what stands behind them
   */
  async writeSettings(from, to, settings, more = '') {
    const text = withSettings(await readFile(`${this.folder}/${from}`, 'utf8'), settings);
    await writeFile(`${this.folder}/${to}`, `${text}\n${more}`);
  }

  /**
   * Starts a program in it. It ends when `stop` is called, whatever the signal.
   * @param {string[]} command
   */
  start(...command) {
    const program = lab.spawnProgram('nsenter', [...this.#inside, 'setpriv', ...DIES_WITH_PARENT, ...command]);
    this.#programs.push(program);
    return program;
  }

  /**
   * Runs a program in it to its end.
   * @param {string[]} command
   */
  run(...command) {
    return lab.run('nsenter', [...this.#inside, ...command]);
  }

  /**
   * Starts a server in it, and waits until it listens.
   * @param {number} port
   * @param {string[]} command
   */
  async startServer(port, ...command) {
    const program = this.start(...command);
    let isOver = false;
    void program.exit.then(() => (isOver = true));
    await lab.waitUntil(
      async () => {
        if (isOver) throw new Error(`${command.join(' ')} has ended: ${program.lines.join('\n')}`);
        const { stdout } = await this.run('cat', '/proc/net/tcp', '/proc/net/tcp6');
        return listening(port).test(stdout);
      },
      60_000,
      `${command[0]} listens`,
    );
    return program;
  }

  /**
   * What FreeRDP's shadow server shows, display :1, and whom it lets in. The server looks at its display first, and opens it
   * again: one that resets itself when its last client leaves may not be there then.
   * @param {string} user
   * @param {string} password
   */
  async prepareShadowServer(user, password) {
    const { stdout: line } = await lab.run('winpr-hash', ['-u', user, '-p', password, '-f', 'sam']);
    await writeFile(`${this.folder}/sam`, line);
    const options = ['-screen', '0', '640x480x24', '-noreset', '-nolisten', 'tcp', '-displayfd', '1'];
    await this.start('Xvfb', ':1', ...options).waitForLine(/^1$/, 120_000);
  }

  /**
   * Starts FreeRDP's shadow server, with network level authentication.
   * @param {number} port
   * @param {string} home where it makes its certificate
   */
  startShadowServer(port, home) {
    const where = [`/port:${port}`, '/bind-address:127.0.0.1', '/sec:nla', '+auth', '/sam-file:/etc/xrdp/sam'];
    return this.startServer(port, 'env', `HOME=${home}`, 'DISPLAY=:1', 'freerdp-shadow-cli', ...where);
  }

  get #inside() {
    return [`--target=${this.#target}`, '--mount', '--net', '--pid', '--'];
  }

  /** What, before a command, lets it have the network of the namespace, and the files and processes of this machine. */
  get network() {
    return ['nsenter', `--target=${this.#target}`, '--net', '--'];
  }
}

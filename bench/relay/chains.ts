import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NATIVE = join(import.meta.dirname, '../../../relay/native');
const PROGRAM = join(import.meta.dirname, '../../../../dist/urbdrc.js');

/** Processes that pass a device on, up and ready to be measured. */
export interface Chain {
  readonly name: string;
  /** Of the loopback, where the importer connects. */
  readonly port: number;
  /** `raw`: no import is needed. */
  readonly busid: string;
  /** Name and process id, for their processor time. */
  readonly processes: readonly (readonly [name: string, pid: number])[];
  /** Endpoint numbers of a stick alone; left out where the device also has a source and a sink. */
  readonly stick?: { readonly bulkIn: number; readonly bulkOut: number };
}

/** Starts chains, and ends their processes with {@link close}. */
export class Chains {
  readonly #folder = mkdtempSync(join(tmpdir(), 'urbdrc-bench-'));
  readonly #children: ChildProcess[] = [];
  /** Arguments of Node for the processes of this project. */
  readonly #flags: readonly string[];

  constructor(flags: readonly string[]) {
    this.#flags = flags;
    for (const program of ['device', 'relay', 'importer']) {
      execFileSync('cc', ['-O2', '-o', join(this.#folder, program), join(NATIVE, `${program}.c`)], {
        stdio: 'inherit',
      });
    }
    execFileSync('truncate', ['-s', '64M', this.#image]);
  }

  /** What plays vhci-hcd. */
  get importer(): string {
    return join(this.#folder, 'importer');
  }

  get #image(): string {
    return join(this.#folder, 'stick.img');
  }

  /** @throws Error for a name that is none, and where a process does not start */
  async start(name: string): Promise<Chain> {
    const [port, next] = [await freePort(), await freePort()];
    switch (name) {
      case 'c':
        return this.#raw(name, port, [
          ['device', join(this.#folder, 'device'), String(next)],
          ['relay', join(this.#folder, 'relay'), String(port), String(next)],
        ]);
      case 'node':
        return this.#raw(name, port, [
          ['device', process.execPath, here('nodeDevice'), String(next)],
          ['relay', process.execPath, here('nodeRelay'), String(port), String(next)],
        ]);
      case 'cli':
        return this.#program(name, PROGRAM, port, next);
      case 'before':
        return this.#program(name, process.env['BEFORE'] ?? PROGRAM, port, next);
      case 'instant': {
        const serve = await this.#serve(PROGRAM, port, next);
        const redirect = await this.#node('redirect', here('redirectInstant'), [tcp(next)], /redirecting/);
        await serve.saw(/exported/);
        return { name, port, busid: '1-1', processes: [serve.process, redirect.process] };
      }
      case 'single':
      case 'direct': {
        const one = await this.#node('one', here('oneProcess'), [String(port), name], /exported/);
        return { name, port, busid: '1-1', processes: [one.process] };
      }
      default:
        throw new Error(`${name} is no chain`);
    }
  }

  close(): void {
    for (const child of this.#children) child.kill();
    rmSync(this.#folder, { recursive: true });
  }

  async #raw(
    name: string,
    port: number,
    commands: readonly (readonly [string, string, ...string[]])[],
  ): Promise<Chain> {
    const processes: Chain['processes'][number][] = [];
    for (const [label, command, ...rest] of commands) {
      processes.push((await this.#start(label, command, rest, /listening/)).process);
    }
    return { name, port, busid: 'raw', processes };
  }

  /** Both commands of the program, as people run them. */
  async #program(name: string, program: string, port: number, next: number): Promise<Chain> {
    const serve = await this.#serve(program, port, next);
    const redirect = await this.#node(
      'redirect',
      program,
      ['redirect', '--virtual', `stick:${this.#image}`, '--connect', tcp(next)],
      /redirect/,
    );
    await serve.saw(/exported/);
    return {
      name,
      port,
      busid: '1-1',
      processes: [serve.process, redirect.process],
      stick: { bulkIn: 1, bulkOut: 2 },
    };
  }

  #serve(program: string, port: number, next: number): Promise<Started> {
    const listening = ['serve', '--listen', tcp(next), '--export', `usbip://127.0.0.1:${port}`];
    return this.#node('serve', program, listening, /listening/);
  }

  #node(label: string, script: string, rest: readonly string[], ready: RegExp): Promise<Started> {
    return this.#start(label, process.execPath, [...this.#flags, script, ...rest], ready);
  }

  async #start(label: string, command: string, rest: readonly string[], ready: RegExp): Promise<Started> {
    const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    let text = '';
    let look = () => {};
    child.stderr.on('data', (more: Buffer) => {
      text += more.toString();
      look();
    });
    const saw = (what: RegExp) =>
      new Promise<void>((resolve, reject) => {
        look = () => {
          if (what.test(text)) resolve();
        };
        child.once('exit', (code) => reject(new Error(`${label} ended with ${code}: ${text}`)));
        look();
      });
    await saw(ready);
    return { process: [label, child.pid ?? 0], saw };
  }
}

interface Started {
  readonly process: Chain['processes'][number];
  /** Resolves once this is in what the process has written. */
  saw(what: RegExp): Promise<void>;
}

function here(script: string): string {
  return join(import.meta.dirname, `${script}.js`);
}

function tcp(port: number): string {
  return `tcp://127.0.0.1:${port}`;
}

/** The C programs take a port, and cannot tell one. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

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

  constructor() {
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

  /**
   * @param name of a chain; behind it, each after a `+`, flags of Node for the processes of this project
   * @throws Error for a name that is none, and where a process does not start
   */
  async start(name: string): Promise<Chain> {
    const [kind, ...flags] = name.split('+');
    const [port, next] = [await freePort(), await freePort()];
    switch (kind) {
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
        return this.#program(name, [...flags, PROGRAM], port, next);
      case 'before':
        return this.#program(name, [...flags, process.env['BEFORE'] ?? PROGRAM], port, next);
      case 'instant': {
        const serve = await this.#serve([...flags, PROGRAM], port, next);
        const redirect = await this.#node('redirect', [...flags, here('redirectInstant'), tcp(next)], /redirecting/);
        await serve.saw(/exported/);
        return { name, port, busid: '1-1', processes: [serve.process, redirect.process] };
      }
      case 'single':
      case 'direct': {
        const one = await this.#node('one', [...flags, here('oneProcess'), String(port), kind], /exported/);
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
  async #program(name: string, program: readonly string[], port: number, next: number): Promise<Chain> {
    const serve = await this.#serve(program, port, next);
    const redirecting = ['redirect', '--virtual', `stick:${this.#image}`, '--connect', tcp(next)];
    const redirect = await this.#node('redirect', [...program, ...redirecting], /redirect/);
    await serve.saw(/exported/);
    return {
      name,
      port,
      busid: '1-1',
      processes: [serve.process, redirect.process],
      stick: { bulkIn: 1, bulkOut: 2 },
    };
  }

  #serve(program: readonly string[], port: number, next: number): Promise<Started> {
    const listening = ['serve', '--listen', tcp(next), '--export', `usbip://127.0.0.1:${port}`];
    return this.#node('serve', [...program, ...listening], /listening/);
  }

  #node(label: string, rest: readonly string[], ready: RegExp): Promise<Started> {
    return this.#start(label, process.execPath, rest, ready);
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

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { run as runProgram, start } from '../cli/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An example as a user runs it. */
class Example {
  readonly lines: string[] = [];
  readonly end: Promise<unknown[]>;
  readonly child: ChildProcess;
  #changed: () => void = () => {};

  constructor(name: string, ...args: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`, ...args], { cwd: ROOT });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream! }).on('line', (line) => {
        this.lines.push(line);
        this.#changed();
      });
    }
    this.end = once(this.child, 'close');
  }

  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const matches = this.lines.map((line) => pattern.exec(line));
      const match = matches.find((each) => each !== null);
      if (match) return match;
      const changed = new Promise<void>((resolve) => (this.#changed = resolve));
      const ended = this.end.then(() => {
        throw new Error(`ended without a line ${String(pattern)}:\n${this.lines.join('\n')}`);
      });
      await Promise.race([changed, ended]);
    }
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

/** Runs an example that ends by itself. */
async function run(name: string): Promise<string[]> {
  const example = new Example(name);
  expect(await example.end, example.lines.join('\n')).to.deep.equal([0, null]);
  return example.lines;
}

describe('examples', () => {
  it('are all in the list', async () => {
    const files = (await readdir(join(ROOT, 'examples'))).filter((name) => name.endsWith('.ts'));
    const tested = [
      'embed.ts',
      'grade.ts',
      'hidKeyboard.ts',
      'ownChannels.ts',
      'ownDevice.ts',
      'ownTransport.ts',
      'redirectStick.ts',
      'relay.ts',
      'serveDevices.ts',
    ];
    expect(files.sort()).to.deep.equal(tested);
  });

  it('embed.ts reads the first sector of a stick', async () => {
    const lines = await run('embed');
    expect(lines[0]).to.equal('2048 sectors; the first is Uint8Array(512) [');
  });

  it('grade.ts grades a client by some requirements', async () => {
    const lines = await run('grade');
    expect(lines.map((line) => line.slice(0, 9))).to.deep.equal(['pass  C01', 'pass  C12', 'n/a   C26', 'client: 2']);
    expect(lines.at(-1)).to.equal('client: 2 passed, 0 failed, 1 not applicable');
  });

  it('hidKeyboard.ts prints the reports of three keys, and ends', async () => {
    expect(await run('hidKeyboard')).to.deep.equal([
      'modifiers 0, key 11',
      'modifiers 0, key 0',
      'modifiers 0, key 12',
      'modifiers 0, key 0',
      'modifiers 2, key 30',
      'modifiers 0, key 0',
      'nobody types any more',
    ]);
  });

  it('ownDevice.ts asks a thermometer, and is warned by it', async () => {
    expect(await run('ownDevice')).to.deep.equal(['Thermometer: 20 °C', 'warning: 31.4 °C']);
  });

  for (const [name, channels] of [
    ['ownTransport', 'a static channel'],
    ['ownChannels', 'dynamic channels'],
  ] as const) {
    it(`${name}.ts redirects through ${channels} of its own`, async () => {
      expect((await run(name)).sort()).to.deep.equal([
        'the client has it back: released',
        'the server has a Virtual Keyboard',
        'the server has it no more',
      ]);
    });
  }

  describe('between machines', () => {
    let folder: string;
    let image: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'urbdrc-example-'));
      image = join(folder, 'disk.img');
      await writeFile(image, Buffer.alloc(64 * 512, 0x42));
    });

    afterEach(async () => {
      await rm(folder, { recursive: true });
    });

    it('serveDevices.ts shows a device that redirectStick.ts gives away', async () => {
      const server = new Example('serveDevices', 'tcp://127.0.0.1:0');
      try {
        const [, url = ''] = await server.line(/^listening on (\S+)$/);
        const client = new Example('redirectStick', url, image);
        try {
          await client.line(/^Virtual Stick is redirected to tcp:/);
          await server.line(/^urbdrc Virtual Stick, USB 2$/);
          await server.line(/^ {2}interface 0, class 8: bulk in 1, bulk out 2$/);
          await server.line(/^ {2}self powered: no$/);
          client.child.kill('SIGINT');
          expect(await client.end).to.deep.equal([0, null]);
          await client.line(/^it is back \(released\) after \d+ requests, \d+ bytes in and 0 bytes out$/);
          await server.line(/^Virtual Stick is gone$/);
        } finally {
          client.stop();
        }
      } finally {
        server.stop();
      }
    });

    it('relay.ts passes a stick from redirectStick.ts on to serveDevices.ts', async () => {
      const examples: Example[] = [];
      const begin = (name: string, ...args: string[]) => {
        const example = new Example(name, ...args);
        examples.push(example);
        return example;
      };
      try {
        const server = begin('serveDevices', 'tcp://127.0.0.1:0');
        const [, to = ''] = await server.line(/^listening on (\S+)$/);
        const relay = begin('relay', 'tcp://127.0.0.1:0', to);
        const [, from = ''] = await relay.line(/^listening on (\S+)$/);
        const client = begin('redirectStick', from, image);
        await server.line(/^ {2}self powered: no$/);
        await relay.line(/^Virtual Stick goes on$/);
        client.child.kill('SIGINT');
        await relay.line(/^Virtual Stick is gone$/);
        await server.line(/^Virtual Stick is gone$/);
      } finally {
        for (const example of examples) example.stop();
      }
    });

    it('redirectStick.ts gives urbdrc serve what it reads', async () => {
      const server = start([
        ...'serve --listen tcp://127.0.0.1:0 --read-sectors 64 --out'.split(' '),
        join(folder, 'out'),
      ]);
      const [, url = ''] = await server.line(/^listening on (\S+)$/);
      const client = new Example('redirectStick', url, image);
      try {
        await server.line(/^read 64 sectors/);
        expect(await server.exit).to.equal(0);
        expect(await client.end).to.deep.equal([0, null]);
      } finally {
        client.stop();
        server.stop();
      }
    });

    it('redirectStick.ts says that no such device is plugged in', async () => {
      const example = new Example('redirectStick', 'tcp://127.0.0.1:1', '1209:fff0');
      expect(await example.end).to.deep.equal([1, null]);
      await example.line(/Error: no 1209:fff0 is plugged in/);
    });
  });
});

describe('the package as it is built', () => {
  it('exports what the sources export (run npm run build where it does not)', async () => {
    const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { exports: object };
    const names = Object.keys(exports).filter((name) => !name.endsWith('.json'));
    const specifiers = names.map((name) => `urbdrc${name.slice(1)}`);
    const script = `const names = ${JSON.stringify(specifiers)};
      const found = await Promise.all(names.map(async (name) => Object.keys(await import(name)).sort()));
      console.log(JSON.stringify(found));`;
    const listed = async (...args: string[]) => {
      const child = spawn(process.execPath, [...args, '--input-type=module', '-e', script], { cwd: ROOT });
      let text = '';
      child.stdout.on('data', (chunk) => (text += String(chunk)));
      await once(child, 'close');
      return JSON.parse(text) as string[][];
    };
    const built = await listed();
    expect(built).to.have.length.above(6);
    // With tsx, the paths of tsconfig.json lead to the sources.
    expect(await listed('--import', 'tsx')).to.deep.equal(built);
    expect(built[specifiers.indexOf('urbdrc')]).to.include('RedirectionClient');
    expect(built[specifiers.indexOf('urbdrc/devices/libusb')]).to.include('openLibusbDevices');
  });

  it('has a program, which tells its version', async () => {
    const child = spawn(process.execPath, ['dist/urbdrc.js', '--version'], { cwd: ROOT });
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    expect(await once(child, 'close')).to.deep.equal([0, null]);
    expect(text).to.equal((await runProgram(['--version'])).stdout);
  });
});

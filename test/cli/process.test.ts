import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { spawnProgram } from './program.ts';

/** A process, and what it says on standard error, line by line. */
interface Process {
  readonly child: ChildProcess;
  readonly lines: string[];
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Exit status and signal, when everything it said has been read. */
  readonly end: Promise<unknown[]>;
}

describe('urbdrc as processes', () => {
  let processes: Process[] = [];

  afterEach(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ end }) => end));
    processes = [];
  });

  function start(...args: string[]): Process {
    const child = spawnProgram(args);
    const lines: string[] = [];
    const input = createInterface({ input: child.stderr });
    input.on('line', (line) => lines.push(line));
    child.stdout.resume();
    let next = 0;
    const found: Process = {
      child,
      lines,
      end: once(child, 'close'),
      async line(pattern) {
        for (;;) {
          while (next < lines.length) {
            const match = pattern.exec(lines[next++] ?? '');
            if (match !== null) return match;
          }
          await Promise.race([
            once(input, 'line'),
            found.end.then(() => {
              throw new Error(`ended without a line ${String(pattern)}:\n${lines.join('\n')}`);
            }),
          ]);
        }
      },
    };
    processes.push(found);
    return found;
  }

  async function redirected(...options: string[]) {
    const server = start('serve', '--listen', 'tcp://127.0.0.1:0', ...options);
    const [, url = ''] = await server.line(/^listening on (\S+)$/);
    const client = start('redirect', '--virtual', 'keyboard', '--connect', url, ...options);
    await server.line(/^device 1209:0002/);
    await client.line(/^redirecting/);
    return { server, client };
  }

  it('SIGINT has the client give everything back; SIGTERM ends the server; both with status 0', async () => {
    const { server, client } = await redirected();
    client.child.kill('SIGINT');
    expect(await client.end).to.deep.equal([0, null]);
    expect(client.lines.at(-1)).to.equal('stopped: everything is given back');
    await server.line(/^gone: 1209:0002/);
    server.child.kill('SIGTERM');
    expect(await server.end).to.deep.equal([0, null]);
    expect(server.lines.at(-1)).to.equal('stopped');
  });

  it('SIGHUP, when the terminal is gone, has both ends give everything back', async () => {
    const { server, client } = await redirected();
    client.child.kill('SIGHUP');
    expect(await client.end).to.deep.equal([0, null]);
    expect(client.lines.at(-1)).to.equal('stopped: everything is given back');
    await server.line(/^gone: 1209:0002/);
    server.child.kill('SIGHUP');
    expect(await server.end).to.deep.equal([0, null]);
    expect(server.lines.at(-1)).to.equal('stopped');
  });

  it('that may open too few files starts, or says in one line what it needs (run npm run build where it does not)', async () => {
    const script = 'ulimit -n "$1" && exec "$0" dist/urbdrc.js --version';
    const results = [];
    for (const files of [40, 120, 400]) {
      const child = spawn('sh', ['-c', script, process.execPath, String(files)], { stdio: 'pipe' });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
      const status: unknown[] = await once(child, 'close');
      results.push({ text, status });
    }
    for (const { text, status } of results) {
      expect(text).to.match(
        /^(\d+\.\d+\.\d+|urbdrc: this process may open too few files to start: raise the limit, .*)\n$/,
      );
      expect(status).to.deep.equal([text.startsWith('urbdrc') ? 1 : 0, null]);
    }
    expect(results.at(-1)?.status).to.deep.equal([0, null]);
  });

  it('a server that is killed: its client says so in one line and ends with status 1', async () => {
    const { server, client } = await redirected('--hold', '0');
    server.child.kill('SIGKILL');
    expect(await client.end).to.deep.equal([1, null]);
    expect(client.lines.filter((line) => line.startsWith('urbdrc: '))).to.have.length(1);
    expect(client.lines.at(-1)).to.match(/^urbdrc: tcp:.*(is gone: everything is given back|connection reset)/);
  });

  it('a client that is killed: its server says so and goes on', async () => {
    const { server, client } = await redirected('--hold', '0');
    client.child.kill('SIGKILL');
    await server.line(/^gone: 1209:0002/);
    await server.line(/^client .* disconnected/);
    expect(server.child.exitCode).to.equal(null);
  });

  it('demo shows equal checksums, with status 0', async () => {
    const child = spawnProgram(['demo']);
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    expect(await once(child, 'close')).to.deep.equal([0, null]);
    const [there, here] = [...text.matchAll(/SHA-256 at the (?:client|server) +([0-9a-f]{64})$/gm)].map(
      ([, hash]) => hash,
    );
    expect(there).to.be.a('string').and.equal(here);
    expect(text).to.match(/^ {3}equal$/m);
  });
});

import { expect } from 'chai';
import { lstatSync } from 'node:fs';
import { lstat, symlink, writeFile, readFile } from 'node:fs/promises';
import { Server } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { UsageError } from '../../codecs/core/errors.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { TransportEnd as End } from '../../src/conformance/transport/transportEnd.ts';
import { dial } from '../../transports/dial.ts';
import { listen } from '../../transports/listen.ts';
import { connectionsWithin, processConnections } from '../../transports/processConnections.ts';
import { listenAtPath } from '../../transports/unixSocket.ts';
import { failureOf, startListening, temporaryFolder } from './listening.ts';
import { turns } from './turns.ts';

const nobody = () => {};

describe('transports: listening beyond this machine', () => {
  const refused = async (url: string, token?: string) => {
    const error = await failureOf(listen(url, token === undefined ? {} : { token }, nobody));
    expect(error).to.be.instanceOf(UsageError);
    return error.message;
  };

  it('needs TLS and a token, and says which is missing', async () => {
    expect(await refused('tcp://0.0.0.0:0')).to.include('use tls:// instead of tcp:// and a token');
    expect(await refused('tcp://[::]:0', 'secret')).to.match(
      /use tls:\/\/ instead of tcp:\/\/, or listen at 127\.0\.0\.1$/,
    );
    expect(await refused('tls://0.0.0.0:0')).to.include('use a token, or');
    expect(await refused('tcp://example.org:0')).to.include('can be reached from other machines');
  });

  it('is allowed with both', async () => {
    const listener = await listen('tls://0.0.0.0:0', { token: 'secret' }, nobody);
    expect(listener.url).to.match(/^tls:\/\/0\.0\.0\.0:[1-9]\d*$/);
    await listener.close();
  });

  it('is not what happens at loopback addresses', async () => {
    for (const url of ['tcp://127.0.0.1:0', 'tcp://localhost:0', 'tcp://127.1.2.3:0']) {
      const listener = await listen(url, {}, nobody);
      expect(listener.url).to.match(/:[1-9]\d*$/);
      expect(listener).to.not.have.property('certificateFingerprint');
      await listener.close();
      await listener.close();
    }
  });
});

describe('transports: a program that throws', () => {
  it('at a connection does not get it, is told so, and gets the next one', async () => {
    const refusals: string[] = [];
    const accepted: Transport[] = [];
    let isFirst = true;
    const listener = await listen(
      'tcp://127.0.0.1:0',
      {},
      (transport) => {
        if (isFirst) {
          isFirst = false;
          throw new Error('not this one');
        }
        accepted.push(transport);
      },
      (error) => {
        refusals.push(error.message);
        throw new Error('nor this');
      },
    );
    const first = new End(await dial(listener.url));
    await first.until(({ closings }) => closings.length > 0);
    const second = new End(await dial(listener.url));
    while (accepted.length === 0) await turns(1);
    expect(refusals).to.deep.equal(['not this one']);
    await Promise.all([second.transport.close(), ...accepted.map((transport) => transport.close()), listener.close()]);
  });
});

describe('transports: failures to connect', () => {
  it('says that nobody listens, in one line with what to do', async () => {
    const listener = await listen('tcp://127.0.0.1:0', {}, nobody);
    await listener.close();
    const error = await failureOf(dial(listener.url));
    expect(error.message).to.equal(`connection refused by ${listener.url}: nobody listens there`);
    expect(error.cause).to.include({ code: 'ECONNREFUSED' });
  });

  it('says the same of localhost, which has two addresses', async () => {
    const listener = await listen('tcp://127.0.0.1:0', {}, nobody);
    await listener.close();
    const url = listener.url.replace('127.0.0.1', 'localhost');
    expect((await failureOf(dial(url))).message).to.equal(`connection refused by ${url}: nobody listens there`);
  });

  it('says that there is no such host', async () => {
    expect((await failureOf(dial('tcp://no-such-host.invalid:1'))).message).to.match(
      /^tcp:\/\/no-such-host\.invalid:1: .*\(DNS\)/,
    );
  });

  it('says that a port is taken or an address is not here', async () => {
    const listener = await listen('tcp://127.0.0.1:0', {}, nobody);
    expect((await failureOf(listen(listener.url, {}, nobody))).message).to.include('is in use already');
    await listener.close();
    const elsewhere = await failureOf(listen('tls://192.0.2.1:0', { token: 'secret' }, nobody));
    expect(elsewhere.message).to.include('this machine has no such address');
  });

  it('refuses a URL before anything else', async () => {
    expect(await failureOf(dial('127.0.0.1:1'))).to.be.instanceOf(UsageError);
    expect(await failureOf(listen('', {}, nobody))).to.be.instanceOf(UsageError);
  });
});

describe('transports: unix sockets', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'socket');
  });
  afterEach(() => folder.remove());

  /** What a listener leaves that was killed. */
  const leaveStaleSocket = async () => {
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    const child = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    expect((await lstat(path)).isSocket()).to.equal(true);
  };

  it('are for their owner alone, and go when the listener closes', async () => {
    await writeFile(join(folder.path, 'before'), '');
    const modeBefore = (await lstat(join(folder.path, 'before'))).mode & 0o777;
    const listener = await listen(`unix://${path}`, {}, nobody);
    expect(listener.url).to.equal(`unix:${path}`);
    expect((await lstat(path)).mode & 0o777).to.equal(0o600);
    await writeFile(join(folder.path, 'other'), '');
    expect((await lstat(join(folder.path, 'other'))).mode & 0o777).to.equal(modeBefore);
    await listener.close();
    expect((await failureOf(lstat(path))).message).to.include('ENOENT');
  });

  it('are never open to others, not even for the moment between their making and the setting of their mode', async () => {
    let mode = 0;
    const server = new Server();
    const listenAt = server.listen.bind(server);
    // The file is made inside of listen().
    const watched = (at: string, done: () => void) => {
      listenAt(at, done);
      mode = lstatSync(path).mode & 0o777;
    };
    Object.assign(server, { listen: watched });
    const before = process.umask(0);
    try {
      await listenAtPath(server, path);
    } finally {
      expect(process.umask(before)).to.equal(0);
    }
    expect(mode.toString(8)).to.equal('600');
    await new Promise((resolve) => server.close(resolve));
  });

  it('tell that the other end is their owner', async () => {
    const listening = await startListening(`unix:${path}`);
    const [left, right] = await Promise.all([dial(`unix://${path}`), listening.accepted()]);
    const user = { name: userInfo().username, provenBy: 'socketOwner' };
    expect(right.identity).to.deep.equal({ address: `unix:${path}`, user });
    expect(left.identity).to.deep.equal({ address: `unix:${path}` });
    await Promise.all([left.close(), right.close(), listening.listener.close()]);
  });

  it('are replaced when nobody listens there any more', async () => {
    await leaveStaleSocket();
    expect((await failureOf(dial(`unix:${path}`))).message).to.include('connection refused');
    const listening = await startListening(`unix:${path}`);
    const [left, right] = await Promise.all([dial(`unix:${path}`), listening.accepted()]);
    await Promise.all([left.close(), right.close()]);
    await listening.listener.close();
  });

  it('are not taken from a listener that is alive', async () => {
    const listening = await startListening(`unix:${path}`);
    const error = await failureOf(listen(`unix:${path}`, {}, nobody));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.include('somebody listens');
    await (await listening.accepted()).close();
    const transport = await dial(`unix:${path}`);
    await Promise.all([transport.close(), listening.accepted().then((other) => other.close())]);
    await listening.listener.close();
  });

  it('never replace a file of another kind, nor what a link points to', async () => {
    await writeFile(path, 'precious');
    const error = await failureOf(listen(`unix:${path}`, {}, nobody));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.include('is not a socket');
    const link = join(folder.path, 'link');
    await symlink(path, link);
    expect((await failureOf(listen(`unix:${link}`, {}, nobody))).message).to.include('is not a socket');
    expect(await readFile(path, 'utf8')).to.equal('precious');
  });

  it('that are missing are told in one line with what to do', async () => {
    expect((await failureOf(dial(`unix:${path}`))).message).to.equal(
      `there is no socket at unix:${path}: nobody listens there`,
    );
    const nowhere = await failureOf(listen(`unix:${join(folder.path, 'missing', 'socket')}`, {}, nobody));
    expect(nowhere.message).to.include('no such folder');
  });

  it('ask for a token too', async () => {
    const listening = await startListening(`unix:${path}`, { token: 'secret' });
    expect((await failureOf(dial(`unix:${path}`, { token: 'guess' }))).message).to.include('wrong token');
    expect(await listening.refused()).to.equal(`unix:${path} presented a wrong token`);
    await turns(1);
    await listening.listener.close();
  });
});

describe('transports: connections of a process', () => {
  it('are at most 256, and fewer where the system lets the process open few files', () => {
    expect(connectionsWithin(Infinity)).to.equal(256);
    expect(connectionsWithin(1024)).to.equal(256);
    expect(connectionsWithin(200)).to.equal(136);
    expect(connectionsWithin(20)).to.equal(8);
  });

  it('are limited for all listeners together', async () => {
    const before = processConnections().count;
    const listenings = [await startListening('tcp://127.0.0.1:0'), await startListening('tcp://127.0.0.1:0')];
    const transports = await Promise.all(
      listenings.flatMap((listening) => [dial(listening.listener.url), listening.accepted()]),
    );
    expect(processConnections().count).to.equal(before + 2);
    await Promise.all([
      ...transports.map((each) => each.close()),
      ...listenings.map(({ listener }) => listener.close()),
    ]);
    while (processConnections().count > before) await turns(1);
  });
});

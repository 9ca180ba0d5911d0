import { expect } from 'chai';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { DynamicChannelHandler, DynamicChannelServerTransport } from '../../src/ports/dynamicChannels.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, RecordingHost, turns, write } from './stack.ts';

/** One end of an RDP stack in memory. What happens at one end is told at the other in a later turn. */
class Stack implements DynamicChannelServerTransport {
  readonly remote = 'stack';
  other: Stack = this;
  handler: DynamicChannelHandler | undefined;
  writable = true;
  paused = false;
  /** Client: what it says to each channel. Negative refuses. */
  creationStatus = 0;
  readonly names: string[] = [];
  readonly sent: number[] = [];
  readonly closed: number[] = [];
  #lastId = 100;
  readonly #held: (() => void)[] = [];

  listen(channelName: string, handler: DynamicChannelHandler): void {
    this.names.push(channelName);
    this.handler = handler;
    setImmediate(() => handler.ready());
  }

  createChannel(channelName: string): number {
    const channelId = (this.#lastId += 1);
    const { creationStatus } = this.other;
    this.names.push(channelName);
    setImmediate(() => {
      if (creationStatus < 0) this.handler?.refused(channelId, creationStatus);
      else for (const end of [this.other, this]) end.handler?.opened(channelId);
    });
    return channelId;
  }

  sendMessage(channelId: number, message: Parts): void {
    const bytes = joinParts(message).slice();
    this.sent.push(bytes.byteLength);
    setImmediate(() => this.other.#deliver(() => this.other.handler?.received(channelId, bytes)));
  }

  closeChannel(channelId: number): void {
    this.closed.push(channelId);
    setImmediate(() => this.other.handler?.closed(channelId));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const deliver of this.#held.splice(0)) deliver();
  }

  close(): Promise<void> {
    setImmediate(() => this.other.handler?.ended(undefined));
    return Promise.resolve();
  }

  drain(): void {
    this.writable = true;
    this.handler?.drained();
  }

  #deliver(message: () => void): void {
    if (this.paused) this.#held.push(message);
    else message();
  }
}

function connected() {
  const [near, far] = [new Stack(), new Stack()];
  [near.other, far.other] = [far, near];
  const host = new RecordingHost();
  const ignored: string[] = [];
  const server = host.watch(new RedirectionServer(far, { onIgnored: (error) => ignored.push(error.message) }));
  const client = new RedirectionClient(near, { onIgnored: (error) => ignored.push(error.message) });
  return { near, far, host, server, client, ignored };
}

describe('the engine over dynamic channels of an RDP stack', () => {
  it('redirects a device on channels named URBDRC, one for control and one for the device', async () => {
    const { near, far, host, server, client, ignored } = connected();
    const redirection = await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    expect((await write(device, new Uint8Array(70_000))).status).to.equal('completed');
    expect([near.names, far.names]).to.deep.equal([['URBDRC'], ['URBDRC', 'URBDRC', 'URBDRC']]);
    expect(Math.max(...far.sent)).to.be.above(70_000);
    await redirection.release();
    await host.gone();
    expect(near.closed).to.deep.equal([102]);
    await client.close();
    await server.closed;
    expect(ignored).to.deep.equal([]);
  });

  it('tells what is observed of channels and messages as over a transport', async () => {
    const [near, far] = [new Stack(), new Stack()];
    [near.other, far.other] = [far, near];
    const seen: string[] = [];
    const observe = (end: string) => ({
      onChannel: ({ direction, channelId, event }: { direction: string; channelId: number; event: string }) =>
        seen.push(`${end} ${direction} ${event} ${channelId}`),
    });
    new RedirectionServer(far, observe('server'));
    const client = new RedirectionClient(near, observe('client'));
    await turns();
    await client.close();
    expect(seen).to.deep.equal([
      'server sent create 101',
      'client received create 101',
      'client sent created 101',
      'server received created 101',
    ]);
  });

  it('a client that refuses the channel ends the connection, in one line', async () => {
    const { near, server } = connected();
    near.creationStatus = -1;
    expect((await server.closed)?.message).to.contain('the client refuses the channel URBDRC');
  });

  it('operations wait in the device while a server’s stack is full, and go in order when it is drained', async () => {
    const { far, host, client } = connected();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    far.writable = false;
    const count = far.sent.length;
    const first = write(device, new Uint8Array(1000));
    const second = write(device, new Uint8Array(2000));
    await turns();
    expect(far.sent.length).to.equal(count);
    far.drain();
    await Promise.all([first, second]);
    expect(far.sent.slice(count).map((size) => size > 2000)).to.deep.equal([false, true]);
    await client.close();
  });

  it('a new operation does not overtake those that wait, when the stack is writable but not drained yet', async () => {
    const { far, host, client } = connected();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    far.writable = false;
    const count = far.sent.length;
    const first = write(device, new Uint8Array(1000));
    far.writable = true;
    const second = write(device, new Uint8Array(2000));
    await turns();
    expect(far.sent.length).to.equal(count);
    far.drain();
    await Promise.all([first, second]);
    expect(far.sent.slice(count).map((size) => size > 2000)).to.deep.equal([false, true]);
    await client.close();
  });

  it('a client does not read while its stack is full', async () => {
    const { near, host, client } = connected();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    near.writable = false;
    const before = near.sent.length;
    const writes = [1, 2, 3].map((size) => write(device, new Uint8Array(size)));
    await turns();
    expect([near.paused, near.sent.length - before]).to.deep.equal([true, 1]);
    near.drain();
    expect(near.paused).to.equal(false);
    await Promise.all(writes);
    await client.close();
  });

  it('ends all transfers when the stack fails, and says why', async () => {
    const { near, far, host, server, client } = connected();
    await client.attach(new EchoDevice());
    const device = await host.added();
    far.handler?.ended(new Error('the session was locked'));
    expect((await server.closed)?.message).to.equal('the session was locked');
    expect(device.gone.aborted).to.equal(true);
    near.handler?.ended(undefined);
    expect(await client.closed).to.equal(undefined);
  });

  it('ignores messages and ends of channels that it did not open', async () => {
    const { far, host, client } = connected();
    await client.attach(new EchoDevice());
    const device = await host.added();
    far.handler?.received(7, Uint8Array.of(1));
    far.handler?.closed(7);
    far.handler?.opened(7);
    far.handler?.refused(7, -1);
    await configure(device);
    expect(far.closed).to.deep.equal([]);
    await client.close();
  });
});

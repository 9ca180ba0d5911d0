import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { openByteStream } from '../../../transports/webSocket/dialWebSocket.ts';

describe('a stream of bytes over a WebSocket, as QEMU has it', () => {
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));

  async function listening(path = '/'): Promise<{ server: WebSocketServer; port: number }> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path });
    ends.push(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    await once(server, 'listening');
    return { server, port: (server.address() as AddressInfo).port };
  }

  async function dialled(port: number): Promise<Duplex> {
    const socket = connect(port, '127.0.0.1');
    ends.push(() => socket.destroy());
    await once(socket, 'connect');
    return openByteStream(socket, { scheme: 'ws', host: '127.0.0.1', port, path: '/' }, 'ws://test');
  }

  it('offers binary; bytes go both ways, whatever messages they are cut into', async () => {
    const { server, port } = await listening();
    const accepted = once(server, 'connection') as Promise<[WebSocket]>;
    const stream = await dialled(port);
    const [webSocket] = await accepted;
    expect(webSocket.protocol).to.equal('binary');
    const received: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    webSocket.send(Uint8Array.of(1, 2), { fin: false });
    webSocket.send(Uint8Array.of(3), { fin: true });
    webSocket.send(Uint8Array.of(4, 5));
    while (Buffer.concat(received).length < 5) await new Promise(setImmediate);
    expect([...Buffer.concat(received)]).to.deep.equal([1, 2, 3, 4, 5]);
    const message = once(webSocket, 'message') as Promise<[Buffer, boolean]>;
    stream.write(Uint8Array.of(6, 7));
    const [data, isBinary] = await message;
    expect([[...data], isBinary]).to.deep.equal([[6, 7], true]);
    const ended = once(stream, 'end');
    webSocket.close();
    await ended;
    const closed = once(stream, 'close');
    stream.destroy();
    await closed;
  });

  it('is no stream where the other end refuses: the error says with what', async () => {
    const { port } = await listening('/elsewhere');
    const error: unknown = await dialled(port).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'UPGRADE_FAILED');
    expect(error)
      .to.have.property('message')
      .that.matches(/^ws:\/\/test refuses a WebSocket: HTTP 400/);
  });
});

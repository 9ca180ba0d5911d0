import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { PduType2 } from '../../../codecs/rdp/shareData.ts';
import { ConnectionLimit } from '../../../src/admission/connectionLimit.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import type { Listener } from '../../../transports/listen.ts';
import { listenRdp, type ListenRdpOptions } from '../../../transports/rdp/listenRdp.ts';
import { formatRdpUrl, parseRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { sameBytes } from '../../../src/conformance/bytes.ts';
import { TransportEnd as End, frameOf } from '../../../src/conformance/transport/transportEnd.ts';
import { turns } from '../turns.ts';
import { ScriptedClient as Client } from './scriptedClient.ts';
import {
  captured,
  CONNECTION_REQUEST,
  dataPdu,
  DRDYNVC_CHANNEL,
  INSIDE_TLS,
  mcs,
  nameOf,
  sent,
} from './capturedClient.ts';

/** A listener that tests look into. */
class Place {
  readonly ends: End[] = [];
  readonly refusals: string[] = [];
  listener!: Listener;
  #waiting: (() => void)[] = [];

  async open(options: ListenRdpOptions = {}): Promise<this> {
    const { certificate, key } = await identity;
    this.listener = await listenRdp(
      'rdp://127.0.0.1:0',
      { cert: certificate, key, ...options },
      (transport) => {
        this.ends.push(new End(transport));
        this.#tell();
      },
      (error) => {
        this.refusals.push(error.message);
        this.#tell();
      },
    );
    return this;
  }

  get port(): number {
    return parseRdpUrl(this.listener.url).port;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async refused(count = 1): Promise<string> {
    await this.until(() => this.refusals.length >= count);
    return this.refusals[count - 1]!;
  }

  async close(): Promise<void> {
    await this.listener.close();
    for (const { transport } of this.ends) await transport.close();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const identity = makeIdentity('127.0.0.1');

/** FreeRDP's Connect-Initial with another name in the place of drdynvc. */
function withoutDrdynvc(): Uint8Array {
  const packet = Uint8Array.from(captured('MCS ConnectInitial'));
  const at = toHex(packet).indexOf(toHex(Buffer.from('drdynvc'))) / 2;
  packet.set(Buffer.from('another'), at);
  return packet;
}

describe('an RDP listener', () => {
  let place: Place;
  const clients: Client[] = [];
  const newClient = () => {
    const client = new Client(place.port);
    clients.push(client);
    return client;
  };
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await place.close();
  });

  const connected = async (): Promise<{ client: Client; end: End; transport: Transport }> => {
    place = await new Place().open();
    const client = await newClient().activate();
    await place.until(() => place.ends.length > 0);
    const end = place.ends[0]!;
    return { client, end, transport: end.transport };
  };

  it('hands out the channel drdynvc of a client, chunk by chunk, both ways', async () => {
    const { client, end, transport } = await connected();
    expect(transport.remote).to.match(/^rdp:\/\/127\.0\.0\.1:\d+$/);
    const chunks = [frameOf(12, 1), frameOf(1608, 2), frameOf(8, 3)];
    for (const chunk of chunks) client.secure.write(sent(DRDYNVC_CHANNEL, chunk));
    await end.untilFrames(3);
    expect(end.frames.every((each, index) => sameBytes(each, chunks[index]!))).to.equal(true);
    transport.send(chunks.map((chunk) => [chunk.subarray(0, 8), chunk.subarray(8)]));
    while (!client.packets.some((packet) => sameBytes(packet.subarray(-8), chunks[2]!)))
      await once(client.secure, 'data');
    const last = client.packets.slice(-3);
    expect(last.map(nameOf)).to.deep.equal(Array(3).fill(`channel ${DRDYNVC_CHANNEL}`));
    expect(last.every((each, index) => sameBytes(each.subarray(-chunks[index]!.length), chunks[index]!))).to.equal(
      true,
    );
  });

  it('sends the desktop at the start and again when the client asks, at most once a second', async () => {
    const clock = new VirtualClock();
    place = await new Place().open({ clock });
    const client = await newClient().activate();
    await place.until(() => place.ends.length > 0);
    const UPDATES = 2;
    const paintings = async () => {
      // An answer to what was sent before: then all has been looked at.
      place.ends[0]!.transport.send([[frameOf(8)]]);
      const count = Math.max(1, client.packets.length);
      while (!client.packets.slice(count).some((packet) => nameOf(packet).startsWith('channel'))) {
        await once(client.secure, 'data');
      }
      return client.packets.slice(1).filter((packet) => nameOf(packet) === 'data 0x2').length / UPDATES;
    };
    expect(await paintings()).to.equal(1);
    const refresh = dataPdu(PduType2.PDUTYPE2_REFRESH_RECT, fromHex('010000000000000001000100'));
    for (let count = 0; count < 50; count += 1) client.secure.write(refresh);
    client.secure.write(sent(DRDYNVC_CHANNEL, frameOf(8)));
    await place.ends[0]!.untilFrames(1);
    expect(await paintings()).to.equal(1);
    clock.advance(1000);
    expect(await paintings()).to.equal(2);
    clock.advance(100_000);
    expect(await paintings()).to.equal(2);
  });

  it('says goodbye when its end is closed', async () => {
    const { client, transport } = await connected();
    await transport.close();
    await client.closed();
    expect(client.packets.slice(-3).map(nameOf)).to.deep.equal([
      'data 0x2f',
      'TS_DEACTIVATE_ALL_PDU',
      'DISCONNECT_PROVIDER_ULTIMATUM',
    ]);
  });

  it('tells of the end when the client says goodbye', async () => {
    const { client, end } = await connected();
    client.secure.end(mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 }));
    expect(await end.untilClosed()).to.equal(undefined);
  });

  it('takes the end of a stream without a goodbye for a connection that is lost', async () => {
    const { client, end } = await connected();
    client.secure.end();
    const error = await end.untilClosed();
    expect(error).to.include({ code: 'CONNECTION_LOST' });
    expect(error?.message).to.match(/^rdp:\/\/127\.0\.0\.1:\d+: closed without a word$/);
  });

  it('tells in one line when the client is lost, or speaks nonsense', async () => {
    const { client, end } = await connected();
    client.socket.resetAndDestroy();
    expect((await end.untilClosed())?.message).to.match(/^rdp:\/\/127\.0\.0\.1:\d+: [^\n]+$/);
    const other = await newClient().activate();
    await place.until(() => place.ends.length > 1);
    other.secure.write(Uint8Array.of(0x16, 0x03));
    const error = await place.ends[1]!.untilClosed();
    expect(error?.message).to.match(/^rdp:\/\/127\.0\.0\.1:\d+: RDP packet\.version: 22 begins neither/);
  });

  it('asks who may come in, and waits for the answer', async () => {
    const asked: unknown[] = [];
    const clock = new VirtualClock();
    place = await new Place().open({
      clock,
      authenticate: async (credentials) => {
        asked.push(credentials);
        await turns(3);
        return asked.length === 1;
      },
    });
    await newClient().activate();
    await place.until(() => place.ends.length === 1);
    const second = await newClient().activate();
    await clock.whenPending(2);
    clock.advance(250);
    expect(await place.refused()).to.match(/^rdp:\/\/127\.0\.0\.1:\d+: wrong user name or password$/);
    await second.closed();
    expect(second.packets.slice(-2).map(nameOf)).to.deep.equal(['data 0x2f', 'DISCONNECT_PROVIDER_ULTIMATUM']);
    expect(asked).to.deep.equal(Array(2).fill({ domain: '', userName: 'u', password: 'p' }));
    expect(place.ends.length).to.equal(1);
  });

  it('tells who the client is: the user whose password was right, and the name of the machine', async () => {
    place = await new Place().open({ authenticate: ({ userName }) => userName === 'u' });
    await newClient().activate();
    await place.until(() => place.ends.length === 1);
    const user = { name: 'u', provenBy: 'password' };
    expect(place.ends[0]!.transport.identity).to.deep.equal({ address: '127.0.0.1', user, clientName: '(none)' });
    await place.close();
    place = await new Place().open({ authenticate: () => 'Ursula' });
    await newClient().activate();
    await place.until(() => place.ends.length === 1);
    expect(place.ends[0]!.transport.identity?.user).to.deep.equal({ name: 'Ursula', provenBy: 'password' });
  });

  it('does not tell a user whose password nobody asked for', async () => {
    const { transport } = await connected();
    expect(transport.identity).to.deep.equal({ address: '127.0.0.1', clientName: '(none)' });
  });

  it('answers a wrong password late, each one later, and shuts its address out after the fifth', async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    place = await new Place().open({
      clock,
      authenticate: ({ password }) => {
        asked.push(password);
        return asked.length > 5;
      },
    });
    for (const [index, delay] of [250, 500, 1000, 2000, 4000].entries()) {
      const client = await newClient().activate();
      // Its time limit, and the pause.
      await clock.whenPending(2);
      clock.advance(delay - 1);
      await turns(5);
      expect(place.refusals.length).to.equal(index);
      expect(client.packets.slice(1).map(nameOf)).to.not.include('licence');
      clock.advance(1);
      await place.refused(index + 1);
      await client.closed();
    }
    expect(place.refusals[3]).to.match(/wrong user name or password$/);
    expect(place.refusals[4]).to.match(
      /wrong user name or password, number 5 in a row: its address is shut out for 60 s$/,
    );
    clock.advance(50_000);
    await newClient().closed();
    expect(await place.refused(6)).to.match(/was dropped: after too many wrong passwords .* another 6 s$/);
    expect(asked.length).to.equal(5);
    clock.advance(6000);
    await newClient().activate();
    await place.until(() => place.ends.length === 1);
    expect(place.refusals.length).to.equal(6);
  });

  it('ends the row of wrong passwords with the right one', async () => {
    const clock = new VirtualClock();
    const answers = [false, false, false, false, true, false];
    place = await new Place().open({ clock, authenticate: () => answers.shift() === true });
    for (const [index, delay] of [250, 500, 1000, 2000].entries()) {
      const client = await newClient().activate();
      await clock.whenPending(2);
      clock.advance(delay);
      await place.refused(index + 1);
      await client.closed();
    }
    await newClient().activate();
    await place.until(() => place.ends.length === 1);
    await newClient().activate();
    await clock.whenPending(2);
    // As after the first; the fifth in a row would wait for 4 seconds and be shut out.
    clock.advance(250);
    expect(await place.refused(5)).to.match(/wrong user name or password$/);
  });

  it('does not hear who was on the way when others from there guessed too often', async () => {
    const clock = new VirtualClock();
    place = await new Place().open({ clock, authenticate: () => false });
    await Promise.all(Array.from({ length: 7 }, () => newClient().activate()));
    await place.refused(2);
    expect(place.refusals.filter((line) => line.includes('its address is shut out for another')).length).to.equal(2);
    clock.advance(4000);
    await place.refused(7);
  });

  it('refuses a client without drdynvc, and says what to do', async () => {
    place = await new Place().open();
    const client = await newClient().activate([withoutDrdynvc(), ...INSIDE_TLS.slice(1)]);
    expect(await place.refused()).to.match(/has no channel drdynvc: switch USB redirection on/);
    await client.closed();
    expect(client.packets.slice(-3).map(nameOf)[0]).to.equal('data 0x2f');
  });

  describe('survives a port scan, with one line for each', () => {
    const nonsense: [string, string, RegExp][] = [
      ['connect and close', '', /closed the connection/],
      ['random bytes', '81c3d5a7f00d', /129 begins neither/],
      ['a TLS hello alone', '16030100c8010000c40303', /22 begins neither/],
      ['HTTP', toHex(Buffer.from('GET / HTTP/1.0\r\n\r\n')), /71 begins neither/],
      ['a long packet', '0300ffff', /65535 is more than the limit/],
      ['a connection request without TLS', '0300000b06e00000000000', /standard RDP security is refused/],
      ['a cut connection request', toHex(CONNECTION_REQUEST.subarray(0, 20)), /closed the connection/],
      ['more before TLS', toHex(CONNECTION_REQUEST) + '0300', /sent more before TLS/],
      ['something else than TLS', toHex(CONNECTION_REQUEST), /TLS/],
    ];
    for (const [what, hex, line] of nonsense) {
      it(what, async () => {
        place = await new Place().open();
        const { socket } = newClient();
        socket.resume();
        const isTls = what === 'something else than TLS';
        if (isTls) {
          socket.write(fromHex(hex));
          await once(socket, 'data');
          socket.end('no TLS at all');
        } else {
          socket.end(fromHex(hex));
        }
        const refusal = await place.refused();
        expect(refusal).to.match(line).and.not.include('\n');
        if (!socket.closed) await once(socket, 'close');
        await turns(5);
        expect(place.refusals.length).to.equal(1);
      });
    }

    it('200 half-open connections: the silent give way, a client is served meanwhile, and the rest is dropped in time', async () => {
      const clock = new VirtualClock();
      place = await new Place().open({ clock });
      const sockets = Array.from({ length: 200 }, () => newClient().socket);
      await place.refused(192);
      const gaveWay = () => place.refusals.filter((line) => line.includes('gave way to a newer connection'));
      expect(gaveWay().length).to.equal(192);
      await newClient().activate();
      await place.until(() => place.ends.length === 1);
      expect(gaveWay().length).to.equal(193);
      clock.advance(2999);
      await turns(5);
      expect(place.refusals.length).to.equal(193);
      clock.advance(1);
      await place.refused(200);
      expect(place.refusals.filter((line) => line.includes('sent nothing within 3000 ms')).length).to.equal(7);
      await Promise.all(sockets.map(async (socket) => socket.closed || (await once(socket, 'close'))));
    });

    it('a client that has TLS of a version before 1.2', async () => {
      place = await new Place().open();
      const { socket } = newClient();
      socket.write(CONNECTION_REQUEST);
      await once(socket, 'data');
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
      const secure = connectTls({ socket, rejectUnauthorized: false, ...old });
      const [error] = (await once(secure, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
      expect(await place.refused()).to.include('TLS failed (unsupported protocol)');
    });

    it('a client that says one byte', async () => {
      const clock = new VirtualClock();
      place = await new Place().open({ clock });
      const { socket } = newClient();
      socket.write(CONNECTION_REQUEST.subarray(0, 1));
      await clock.whenPending();
      await turns(5);
      clock.advance(9999);
      await turns(5);
      expect(place.refusals).to.deep.equal([]);
      clock.advance(1);
      expect(await place.refused()).to.match(/did not ask for a connection and finish TLS within 10000 ms$/);
    });

    it('a client that finds all connections of the process taken', async () => {
      place = await new Place().open({ connections: new ConnectionLimit(1) });
      await newClient().activate();
      await place.until(() => place.ends.length === 1);
      await newClient().closed();
      expect(await place.refused()).to.match(/was refused: 1 connections are open already, the most for this process$/);
    });

    it('a client that stops inside TLS', async () => {
      const clock = new VirtualClock();
      place = await new Place().open({ clock });
      const client = await newClient().activate(INSIDE_TLS.slice(0, 4));
      // What it said inside TLS is answered.
      while (client.packets.length === 0) await once(client.secure, 'data');
      clock.advance(59_999);
      await turns(5);
      expect(place.refusals).to.deep.equal([]);
      clock.advance(1);
      expect(await place.refused()).to.match(/did not get as far as its channels within 60000 ms$/);
      await client.closed();
    });
  });

  it('drops who is on the way when it is closed', async () => {
    place = await new Place().open();
    const client = await newClient().startTls();
    await place.listener.close();
    await client.closed();
    expect(await place.refused()).to.match(/^rdp:/);
  });
});

describe('where an RDP listener may listen', () => {
  it('everybody may come in from this machine alone', async () => {
    const error = await listenRdp('rdp://0.0.0.0:0', {}, () => {}).catch((problem: unknown) => problem);
    expect(error).to.be.instanceOf(UsageError);
    expect((error as Error).message).to.include('ask for a user and a password');
  });

  it('reads and writes its URLs', () => {
    expect(parseRdpUrl('rdp://127.0.0.1')).to.deep.equal({ host: '127.0.0.1', port: 3389 });
    expect(parseRdpUrl('rdp://[::1]:5')).to.deep.equal({ host: '::1', port: 5 });
    expect(parseRdpUrl('rdp://[::1]/')).to.deep.equal({ host: '::1', port: 3389 });
    expect(formatRdpUrl({ host: '::1', port: 5 })).to.equal('rdp://[::1]:5');
    for (const url of ['rdp://', 'rdp://a:99999', 'rdp://[x]:1', 'rdp://a/b']) {
      expect(() => parseRdpUrl(url), url).to.throw(UsageError, 'use rdp://host:port');
    }
  });
});

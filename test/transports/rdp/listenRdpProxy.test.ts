import { once } from 'node:events';
import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../../codecs/dvc/pdu.ts';
import { sameBytes } from '../../../src/conformance/bytes.ts';
import { TransportEnd as End } from '../../../src/conformance/transport/transportEnd.ts';
import { StaticChannel } from '../../../src/channels/staticChannel.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { RedirectionClient } from '../../../src/engine/client.ts';
import { RedirectionServer } from '../../../src/engine/server.ts';
import type { UsbDeviceIdentity } from '../../../src/ports/usb.ts';
import { OWN_CHANNEL_ID_BASE } from '../../../src/proxy/mergedChannels.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import type { Listener } from '../../../transports/listen.ts';
import { dialRdp } from '../../../transports/rdp/dialRdp.ts';
import { listenRdp } from '../../../transports/rdp/listenRdp.ts';
import { listenRdpProxy, type ListenRdpProxyOptions } from '../../../transports/rdp/listenRdpProxy.ts';
import { parseRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { failureOf } from '../listening.ts';
import { captured, CONNECTION_REQUEST, DRDYNVC_CHANNEL, INSIDE_TLS, mcs, sent } from './capturedClient.ts';
import { ScriptedClient } from './scriptedClient.ts';

const identity = makeIdentity('127.0.0.1');
/** errorInfo of TS_SET_ERROR_INFO_PDU: ERRINFO_SERVER_DENIED_CONNECTION. */
const ERROR_INFO_DENIED = fromHex('07000000');
const PASSED = chunkOn(1);
const OWN = chunkOn(OWN_CHANNEL_ID_BASE + 1);
/** Bytes beyond all buffers of sockets between two ends. */
const PLENTY = 256 * 1024 * 1024;

/** A chunk with data of a dynamic channel. */
function chunkOn(channelId: number, size = 4): Uint8Array {
  const data = new Uint8Array(size).fill(channelId);
  return chunkOf({ name: 'DYNVC_DATA', channelId, data });
}

function chunkOf(pdu: DvcPdu): Uint8Array {
  return Uint8Array.from(joinParts(new StaticChannel().send(encodeDvcPdu(pdu))[0] ?? []));
}

/** Some turns in which whatever is on its way on this machine arrives. */
async function untilIdle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
}

/** A server, the proxy before it, and what both see. */
class Stage {
  /** The ends of the server, and of the proxy. */
  readonly serverEnds: End[] = [];
  readonly ownEnds: End[] = [];
  readonly refusals: string[] = [];
  readonly desktopsOnly: string[] = [];
  readonly clients: ScriptedClient[] = [];
  server!: Listener;
  proxy!: Listener;
  #waiting: (() => void)[] = [];

  async open(options: Partial<ListenRdpProxyOptions> = {}, serverUser?: string): Promise<this> {
    const { certificate, key } = await identity;
    const tls = { cert: certificate, key };
    const authenticate = { authenticate: ({ userName }: { readonly userName: string }) => userName === serverUser };
    this.server = await listenRdp(
      'rdp://127.0.0.1:0',
      { ...tls, ...(serverUser === undefined ? {} : authenticate) },
      (transport) => this.#tell(() => this.serverEnds.push(new End(transport))),
      (error) => this.#tell(() => this.refusals.push(`server: ${error.message}`)),
    );
    this.proxy = await listenRdpProxy(
      'rdp://127.0.0.1:0',
      {
        ...tls,
        server: { target: parseRdpUrl(this.server.url), insecure: true },
        onDesktopOnly: (remote) => this.#tell(() => this.desktopsOnly.push(remote)),
        ...options,
      },
      (transport) => this.#tell(() => this.ownEnds.push(new End(transport, this.starts))),
      (error) => this.#tell(() => this.refusals.push(error.message)),
    );
    return this;
  }

  /** Whether the proxy's transports are started here. */
  starts = true;

  get port(): number {
    return parseRdpUrl(this.proxy.url).port;
  }

  /** A client whose desktop is there. */
  async connected(packets = INSIDE_TLS): Promise<{ client: ScriptedClient; server: End; own: End }> {
    const client = this.client();
    await client.activate(packets);
    await this.until(() => this.serverEnds.length > 0 && this.ownEnds.length > 0);
    return { client, server: this.serverEnds[0]!, own: this.ownEnds[0]! };
  }

  client(): ScriptedClient {
    const client = new ScriptedClient(this.port);
    this.clients.push(client);
    return client;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async refused(): Promise<string> {
    await this.until(() => this.refusals.length > 0);
    return this.refusals[0]!;
  }

  async close(): Promise<void> {
    for (const { socket } of this.clients) socket.destroy();
    await this.proxy.close();
    await this.server.close();
    for (const { transport } of [...this.serverEnds, ...this.ownEnds]) await transport.close();
  }

  #tell(happen: () => void): void {
    happen();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Waits until a client was sent a packet that ends in these bytes. */
async function untilSent(client: ScriptedClient, ending: Uint8Array): Promise<void> {
  for (let seen = 0; ; await once(client.secure, 'data')) {
    for (; seen < client.packets.length; seen += 1) {
      if (sameBytes(client.packets[seen]!.subarray(-ending.length), ending)) return;
    }
  }
}

describe('an RDP proxy', () => {
  let stage: Stage;
  beforeEach(() => (stage = new Stage()));
  afterEach(() => stage.close());

  it("chunks of the server pass both ways, and those of the proxy's channels are its transport's", async () => {
    await stage.open();
    const { client, server, own } = await stage.connected();
    expect(own.transport.remote).to.match(/^rdp:\/\/127\.0\.0\.1:\d+$/);
    expect(own.transport.identity).to.deep.equal({ address: '127.0.0.1', clientName: '(none)' });
    expect(own.transport.channelIdBase).to.equal(OWN_CHANNEL_ID_BASE);
    client.secure.write(Buffer.concat([sent(DRDYNVC_CHANNEL, PASSED), sent(DRDYNVC_CHANNEL, OWN)]));
    await Promise.all([server.untilFrames(1), own.untilFrames(1)]);
    expect([server, own].map(({ frames }) => frames.map((each) => toHex(each)))).to.deep.equal([
      [toHex(PASSED)],
      [toHex(OWN)],
    ]);
    server.transport.send([[PASSED]]);
    own.transport.send([[OWN]]);
    await Promise.all([untilSent(client, PASSED), untilSent(client, OWN)]);
  });

  it('a device is redirected to the proxy, past a server that knows no USB', async () => {
    stage.starts = false;
    await stage.open();
    const credentials = { userName: '', domain: '', password: '' };
    const transport = await dialRdp(parseRdpUrl(stage.proxy.url), { credentials, insecure: true });
    await stage.until(() => stage.ownEnds.length > 0);
    const client = new RedirectionClient(transport);
    const server = new RedirectionServer(stage.ownEnds[0]!.transport);
    const device = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(64 * 512)) });
    const arrived = new Promise<UsbDeviceIdentity>((resolve) => {
      server.watch(({ identity: found }) => resolve(found));
    });
    await client.attach(device);
    expect((await arrived).vendorId).to.equal(device.identity.vendorId);
    await client.close();
    await Promise.all([server.closed, stage.serverEnds[0]!.untilClosed()]);
  });

  it('the end of USB is not the end of the desktop: its channels are closed, the rest passes', async () => {
    await stage.open();
    const { client, server, own } = await stage.connected();
    const channelId = OWN_CHANNEL_ID_BASE + 1;
    own.transport.send([[chunkOf({ name: 'DYNVC_CREATE_REQ', channelId, priority: 0, channelName: 'URBDRC' })]]);
    await own.transport.close();
    await untilSent(client, chunkOf({ name: 'DYNVC_CLOSE', channelId }));
    expect(own.closings).to.deep.equal([undefined]);
    server.transport.send([[PASSED]]);
    await untilSent(client, PASSED);
    client.secure.write(Buffer.concat([sent(DRDYNVC_CHANNEL, OWN), sent(DRDYNVC_CHANNEL, PASSED)]));
    await server.untilFrames(1);
    expect(own.frames).to.deep.equal([]);
  });

  describe('one end that leaves takes the other one with it', () => {
    it('the client', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      client.secure.end(mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 }));
      expect(await Promise.all([server.untilClosed(), own.untilClosed()])).to.deep.equal([undefined, undefined]);
    });

    it('the client, without a goodbye: the server sees that, too', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      client.secure.end();
      expect(await server.untilClosed()).to.include({ code: 'CONNECTION_LOST' });
      expect(await own.untilClosed()).to.equal(undefined);
    });

    it('the client, by a reset', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      client.socket.resetAndDestroy();
      await server.untilClosed();
      expect(await own.untilClosed()).to.have.property('code', 'CONNECTION_LOST');
    });

    it('the server, whose last words the client hears', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      await server.transport.close();
      await client.closed();
      expect(await own.untilClosed()).to.equal(undefined);
      const ultimatum = mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 1 });
      expect(client.packets.some((packet) => sameBytes(packet.subarray(4), ultimatum.subarray(4)))).to.equal(true);
    });

    it('the proxy', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      await stage.proxy.close();
      await Promise.all([client.closed(), server.untilClosed(), own.untilClosed()]);
    });
  });

  it('a client that breaks the rules ends both, in one line', async () => {
    await stage.open();
    const { client, server, own } = await stage.connected();
    const compressed = PASSED.with(6, 0x20);
    client.secure.write(sent(DRDYNVC_CHANNEL, compressed));
    const error = await own.untilClosed();
    expect(error).to.have.property('code', 'PROTOCOL_VIOLATED');
    expect(error?.message).to.match(/^rdp:\/\/127\.0\.0\.1:\d+: a chunk of drdynvc .* switch compression off/);
    await Promise.all([client.closed(), server.untilClosed()]);
  });

  describe('back-pressure', () => {
    it('a client that does not read stops the server and the devices; then all comes, in order', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      client.secure.pause();
      const chunk = chunkOn(1, 1590);
      let count = 0;
      while (server.transport.send(Array.from({ length: 64 }, () => [chunk]))) {
        count += 64;
        if (count * chunk.byteLength > PLENTY) throw new Error('the proxy takes everything');
        await new Promise(setImmediate);
      }
      while (own.transport.send([[chunkOn(OWN_CHANNEL_ID_BASE + 2, 1500)]])) await new Promise(setImmediate);
      own.transport.send([[OWN]]);
      expect(own.drains).to.equal(0);
      client.secure.resume();
      await Promise.all([
        untilSent(client, OWN),
        own.until(({ drains }) => drains > 0),
        server.until(({ drains }) => drains > 0),
      ]);
      server.transport.send([[PASSED]]);
      await untilSent(client, PASSED);
      const passed = client.packets.filter((packet) => sameBytes(packet.subarray(-chunk.length), chunk));
      expect(passed).to.have.length(count + 64);
    });

    it('a server that does not read stops the client, and so does a transport that pauses', async () => {
      await stage.open();
      const { client, server, own } = await stage.connected();
      own.transport.pause();
      client.secure.write(sent(DRDYNVC_CHANNEL, OWN));
      client.secure.write(sent(DRDYNVC_CHANNEL, PASSED));
      await untilIdle();
      expect([server.frames.length, own.frames.length]).to.deep.equal([0, 0]);
      own.transport.resume();
      await Promise.all([server.untilFrames(1), own.untilFrames(1)]);

      server.transport.pause();
      const chunk = sent(DRDYNVC_CHANNEL, chunkOn(1, 1590));
      let total = 0;
      while (
        client.secure.write(Buffer.concat(Array.from({ length: 64 }, () => chunk))) ||
        client.secure.writableLength < 1 << 20
      ) {
        total += 64;
        if (total * chunk.byteLength > PLENTY) throw new Error('the proxy takes everything');
        await new Promise(setImmediate);
      }
      server.transport.resume();
      await server.untilFrames(1 + total);
    });
  });

  describe('who is let in', () => {
    const isAli = ({ userName, password }: { readonly userName: string; readonly password: string }) =>
      userName === 'u' && password === 'p';

    it('with the right password: the transport tells who it is', async () => {
      await stage.open({ authenticate: isAli }, 'u');
      const { own } = await stage.connected();
      expect(own.transport.identity?.user).to.deep.equal({ name: 'u', provenBy: 'password' });
    });

    it('not with another: one line, and the server hears nothing of it', async () => {
      await stage.open({ authenticate: () => false });
      const client = await stage.client().activate();
      expect(await stage.refused()).to.match(/: wrong user name or password$/);
      await client.closed();
      expect(stage.serverEnds).to.deep.equal([]);
      expect(client.packets.map((packet) => toHex(packet)).join()).to.include(toHex(ERROR_INFO_DENIED));
    });

    it('from other machines nobody without a password', async () => {
      await stage.open();
      const listening = listenRdpProxy(
        'rdp://0.0.0.0:0',
        { server: { target: parseRdpUrl(stage.server.url) } },
        () => {},
      );
      expect(await failureOf(listening)).to.be.instanceOf(UsageError);
    });
  });

  describe('a server that is not as it should be is told in one line, and the client is cut off before TLS', () => {
    const cut = async (options: Partial<ListenRdpProxyOptions>) => {
      await stage.open(options);
      const client = stage.client();
      client.socket.write(CONNECTION_REQUEST);
      const refusal = await stage.refused();
      await client.closed();
      return refusal.replace(/:\d+/g, ':PORT');
    };

    it('nobody listens', async () => {
      const closed = await listenRdp('rdp://127.0.0.1:0', {}, () => {});
      await closed.close();
      const refusal = await cut({ server: { target: parseRdpUrl(closed.url), insecure: true } });
      expect(refusal).to.match(/^connection refused by rdp:\/\/127\.0\.0\.1:PORT/);
    });

    it('its certificate is not the one that is expected', async () => {
      const other = await listenRdp('rdp://127.0.0.1:0', {}, () => {});
      const server = { target: parseRdpUrl(other.url), fingerprint: 'aa'.repeat(32) };
      expect(await cut({ server })).to.match(/^rdp:\/\/127\.0\.0\.1:PORT presented .* fingerprint/);
      await other.close();
    });
  });

  it('a client without dynamic channels has the desktop alone', async () => {
    await stage.open();
    const initial = Uint8Array.from(captured('MCS ConnectInitial'));
    initial.set(Buffer.from('another'), toHex(initial).indexOf(toHex(Buffer.from('drdynvc'))) / 2);
    await stage.client().activate([initial, ...INSIDE_TLS.slice(1)]);
    await stage.until(() => stage.desktopsOnly.length > 0);
    expect(stage.ownEnds).to.deep.equal([]);
  });
});

import { once } from 'node:events';
import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  ClientReconnectCookie,
  reconnectCookieIn,
  SaveSessionInfo,
  type ServerReconnectCookie,
} from '../../../codecs/rdp/autoReconnect.ts';
import { ClientInfo } from '../../../codecs/rdp/clientInfo.ts';
import { DomainMcsPdu } from '../../../codecs/rdp/mcsDomain.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { makeIdentity } from '../../../transports/certificates.ts';
import type { Listener } from '../../../transports/listen.ts';
import { listenRdp } from '../../../transports/rdp/listenRdp.ts';
import { parseRdpUrl } from '../../../transports/rdp/rdpUrl.ts';
import { securityVerifierOf } from '../../../transports/rdp/reconnectCookies.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { captured, INSIDE_TLS, nameOf, sent } from './capturedClient.ts';
import { ScriptedClient } from './scriptedClient.ts';

const SPEC = { document: 'test', section: '-' };
const INFO = captured('ClientInfo flags=40');
const SAVE_SESSION_INFO = 'data 0x26';
const IO_CHANNEL = 1003;
/** Where TS_EXTENDED_INFO_PACKET of FreeRDP has cbAutoReconnectCookie, counted from its end. */
const COOKIE_LENGTH = -2;

/** FreeRDP's packets, of a client that comes back with a cookie. */
function withCookie(cookie: ClientReconnectCookie): Uint8Array[] {
  const pdu = DomainMcsPdu.decode(new Reader(INFO.subarray(7), 'pdu', SPEC));
  if (pdu.name !== 'SEND_DATA_REQUEST') throw new Error('the capture has another packet there');
  const info = ClientInfo.decode(new Reader(pdu.userData.subarray(4), 'info', SPEC));
  const extra = info.extraInfo;
  expect(toHex(extra.subarray(COOKIE_LENGTH))).to.equal('0000');
  const bytes = joinParts(ClientReconnectCookie.encode(cookie));
  const extraInfo = joinParts([
    extra.subarray(0, COOKIE_LENGTH),
    Uint8Array.of(bytes.byteLength, 0),
    bytes,
    // Reserved, as FreeRDP has it behind a cookie.
    new Uint8Array(4),
  ]);
  const data = joinParts([pdu.userData.subarray(0, 4), ...ClientInfo.encode({ ...info, extraInfo })]);
  return INSIDE_TLS.map((packet) => (packet === INFO ? sent(IO_CHANNEL, data) : packet));
}

/** The cookies that a client was given. */
function cookiesOf({ packets }: ScriptedClient): ServerReconnectCookie[] {
  return packets.slice(1).flatMap((packet) => {
    if (nameOf(packet) !== SAVE_SESSION_INFO) return [];
    // TS_SHAREDATAHEADER has 18 bytes; the PDU is the last thing in its packet.
    return [SaveSessionInfo.decode(new Reader(packet.subarray(-612), 'info', SPEC)).autoReconnectCookie];
  });
}

describe('an RDP client that comes back', () => {
  const identity = makeIdentity('127.0.0.1');
  const clients: ScriptedClient[] = [];
  let listener: Listener | undefined;
  let clock: VirtualClock;
  let transports: Transport[];
  let checks: number;
  let tell: () => void;

  beforeEach(() => {
    [clock, transports, checks, tell] = [new VirtualClock(), [], 0, () => {}];
  });
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    for (const transport of transports) await transport.close();
    await listener?.close();
    listener = undefined;
  });

  async function open(hold: number): Promise<void> {
    const { certificate, key } = await identity;
    const authenticate = () => (checks += 1) > 0 && 'me';
    listener = await listenRdp(
      'rdp://127.0.0.1:0',
      { cert: certificate, key, hold, clock, authenticate },
      (transport) => {
        transport.start({ received() {}, drained() {}, closed() {} });
        transports.push(transport);
        tell();
      },
    );
  }

  async function enter(packets = INSIDE_TLS): Promise<ScriptedClient> {
    const client = new ScriptedClient(parseRdpUrl(listener?.url ?? '').port);
    clients.push(client);
    const count = transports.length;
    await client.activate(packets);
    while (transports.length === count) await new Promise<void>((resolve) => (tell = resolve));
    return client;
  }

  async function cookieOf(client: ScriptedClient, count = 1): Promise<ClientReconnectCookie> {
    while (cookiesOf(client).length < count) await once(client.secure, 'data');
    const { logonId, arcRandomBits } = cookiesOf(client)[count - 1]!;
    return { logonId, securityVerifier: securityVerifierOf(arcRandomBits) };
  }

  const session = (index: number) => transports[index]?.identity?.session;

  it('proves itself as FreeRDP 2.11.7 does over TLS', () => {
    const verifier = securityVerifierOf(fromHex('000102030405060708090a0b0c0d0e0f'));
    expect(toHex(verifier)).to.equal('b639c8731638618b707972aa6e96cf90');
  });

  it('is let in by its cookie, without its password being checked, as the same session', async () => {
    await open(25);
    const cookie = await cookieOf(await enter());
    expect(checks).to.equal(1);
    const again = await cookieOf(await enter(withCookie(cookie)));
    expect(checks).to.equal(1);
    expect(transports[1]!.identity?.user).to.deep.equal({ name: 'me', provenBy: 'password' });
    expect(session(1)).to.be.a('string').and.to.equal(session(0));
    expect(again.logonId).to.equal(cookie.logonId);
    expect(again.securityVerifier, 'a new one at each connection').to.not.deep.equal(cookie.securityVerifier);
  });

  it('takes the place of its own connection that is still there', async () => {
    await open(25);
    const first = await enter();
    await enter(withCookie(await cookieOf(first)));
    await first.closed();
  });

  it('is asked for its password when the cookie is an older one, or of nobody, or wrong', async () => {
    await open(25);
    const old = await cookieOf(await enter());
    await enter(withCookie(old));
    for (const cookie of [old, { ...old, logonId: 4711 }, { ...old, securityVerifier: new Uint8Array(16) }]) {
      const before = checks;
      await enter(withCookie(cookie));
      expect(checks).to.equal(before + 1);
      expect(session(transports.length - 1)).to.not.equal(session(0));
    }
  });

  it('is asked for its password when the hold is over', async () => {
    await open(25);
    const first = await enter();
    const cookie = await cookieOf(first);
    first.socket.destroy();
    await transports[0]!.close();
    clock.advance(25_000);
    await enter(withCookie(cookie));
    expect(checks).to.equal(2);
  });

  it('gets a new cookie every hour', async () => {
    await open(25);
    const client = await enter();
    const first = await cookieOf(client);
    clock.advance(3_600_000);
    expect((await cookieOf(client, 2)).securityVerifier).to.not.deep.equal(first.securityVerifier);
  });

  it('gets none where nothing is held', async () => {
    await open(0);
    const client = await enter();
    transports[0]!.send([[new Uint8Array(8)]]);
    while (!client.packets.slice(1).some((packet) => nameOf(packet).startsWith('channel')))
      await once(client.secure, 'data');
    expect(cookiesOf(client)).to.deep.equal([]);
    expect(session(0)).to.equal(undefined);
  });

  it('may send an extended info packet that ends before the cookie', () => {
    const withoutTimeZone = fromHex('0200' + '0200' + '0000' + '0200' + '0000');
    expect(reconnectCookieIn(new Uint8Array(0))).to.equal(undefined);
    expect(reconnectCookieIn(withoutTimeZone)).to.equal(undefined);
  });
});

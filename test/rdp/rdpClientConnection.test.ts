import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { asciiBytes } from '../../codecs/core/text.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { ErrorInfo } from '../../codecs/rdp/shareData.ts';
import { SecurityProtocol } from '../../codecs/rdp/x224.ts';
import {
  type RdpClientEvent,
  type RdpClientOptions,
  RdpClientConnection,
} from '../../src/rdp/client/rdpClientConnection.ts';
import { RdpRefusalError } from '../../src/rdp/client/rdpRefusalError.ts';
import { channelPacket, IO_CHANNEL_ID } from '../../src/rdp/rdpPacket.ts';
import { RdpDeframer, type RdpPacket } from '../../src/rdp/rdpDeframer.ts';
import { type RdpEvent, RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';
import type { Step } from '../../src/channels/machine.ts';

const ALL = SecurityProtocol.PROTOCOL_SSL | SecurityProtocol.PROTOCOL_HYBRID | SecurityProtocol.PROTOCOL_HYBRID_EX;
const OPTIONS: RdpClientOptions = {
  credentials: { domain: 'D', userName: 'Ali', password: 'open sesame' },
  clientName: 'a-machine-with-a-long-name',
  channels: ['rdpdr', 'drdynvc'],
  random: {
    clientRandom: new Uint8Array(32).fill(1),
    premasterSecret: new Uint8Array(48).fill(2),
    hardwareId: new Uint8Array(16).fill(3),
  },
  requestedProtocols: SecurityProtocol.PROTOCOL_SSL,
};
const CHUNK = fromHex('04000000 03000000 50000300');

function packetsIn(outgoing: readonly Parts[]): RdpPacket[] {
  const deframer = new RdpDeframer();
  deframer.push(joinParts(outgoing.flat()));
  const packets: RdpPacket[] = [];
  for (let next = deframer.next(); next !== undefined; next = deframer.next()) packets.push(next);
  return packets;
}

/** This project's client and server, one in the hand of the other; `change` may spoil what the server sends. */
class Pair {
  readonly client: RdpClientConnection;
  readonly server = new RdpServerConnection();
  readonly clientEvents: RdpClientEvent[] = [];
  readonly serverEvents: RdpEvent[] = [];
  readonly #admits: boolean;
  readonly #change: (payload: Uint8Array, index: number) => Uint8Array;
  #fromServer = 0;

  constructor(
    options: RdpClientOptions = OPTIONS,
    admits = true,
    change: (payload: Uint8Array, index: number) => Uint8Array = (payload) => payload,
  ) {
    this.client = new RdpClientConnection(options);
    this.#admits = admits;
    this.#change = change;
    this.fromClient(this.client.start());
  }

  fromClient({ outgoing, events }: Step<RdpClientEvent>): this {
    this.clientEvents.push(...events);
    for (const packet of packetsIn(outgoing)) this.fromServer(this.server.received(packet));
    for (const event of events) {
      if (event.type === 'securityRequired') this.fromClient(this.client.secured().step);
    }
    return this;
  }

  fromServer({ outgoing, events }: Step<RdpEvent>): this {
    this.serverEvents.push(...events);
    for (const event of events) if (event.type === 'tlsRequired') this.server.secured();
    for (const packet of packetsIn(outgoing)) {
      const payload = this.#change(packet.payload, this.#fromServer++);
      this.fromClient(this.client.received({ ...packet, payload }));
    }
    for (const event of events) {
      if (event.type === 'credentials') this.fromServer(this.server.admit(this.#admits));
    }
    return this;
  }

  get types() {
    return [this.clientEvents.map(({ type }) => type), this.serverEvents.map(({ type }) => type)];
  }

  get failure(): Error | undefined {
    const last = this.clientEvents.at(-1);
    return last?.type === 'finished' ? last.error : undefined;
  }
}

/** After X.224 Data and SEND_DATA_INDICATION with a length in 2 bytes. */
function isDemandActive(payload: Uint8Array): boolean {
  return payload[3] === 0x68 && ((payload[13] ?? 0) & 0x0f) === 1 && payload[14] === 0;
}

/** The same with a length in 1 byte, and then SEC_LICENSE_PKT. */
function isLicence(payload: Uint8Array): boolean {
  return payload[3] === 0x68 && (payload[9] ?? 0) < 0x80 && payload[10] === 0x80 && payload[11] === 0;
}

describe('RDP client connection ([MS-RDPBCGR] 1.3.1.1)', () => {
  it('goes with our own server as far as its channels, and tells it the user and its own name', () => {
    const pair = new Pair();
    expect(pair.types).to.deep.equal([
      ['securityRequired', 'established'],
      ['tlsRequired', 'credentials', 'established'],
    ]);
    expect(pair.client.state).to.equal('active');
    expect(pair.serverEvents[1]).to.deep.equal({
      type: 'credentials',
      credentials: OPTIONS.credentials,
      cookie: undefined,
    });
    expect(pair.server.clientName).to.equal('a-machine-with-');
    expect(pair.server.channels).to.deep.equal(['rdpdr', 'drdynvc']);
    expect(pair.server.desktop).to.deep.equal({ width: 200, height: 200 });
  });

  it('carries chunks of a static channel both ways', () => {
    const pair = new Pair();
    pair.fromClient({ outgoing: [pair.client.channelPacket('drdynvc', [CHUNK])], events: [] });
    pair.fromServer({ outgoing: [pair.server.channelPacket('drdynvc', [CHUNK])], events: [] });
    const event = { type: 'channelData', channel: 'drdynvc', chunk: CHUNK };
    expect(pair.serverEvents.at(-1)).to.deep.equal(event);
    expect(pair.clientEvents.at(-1)).to.deep.equal(event);
    expect(() => pair.client.channelPacket('rdpsnd', [CHUNK])).to.throw(UsageError, 'no channel rdpsnd');
  });

  it('activates again in mid-session, channels going on meanwhile (1.3.1.3)', () => {
    const pair = new Pair();
    pair.fromServer(pair.server.reactivate());
    expect(pair.types[0]).to.deep.equal(['securityRequired', 'established', 'reactivated']);
    expect(pair.client.state).to.equal('active');
    expect(pair.server.isActive).to.equal(true);
    expect(pair.serverEvents.at(-1)).to.deep.equal({ type: 'repaint' });
    const [deactivateAll] = pair.server.reactivate().outgoing;
    pair.fromServer({ outgoing: [deactivateAll ?? []], events: [] });
    expect(pair.client.state).to.equal('deactivated');
    pair.fromServer({ outgoing: [pair.server.channelPacket('drdynvc', [CHUNK])], events: [] });
    expect(pair.clientEvents.at(-1)).to.deep.equal({ type: 'channelData', channel: 'drdynvc', chunk: CHUNK });
  });

  /** TS_SHARECONTROLHEADER, pad2Octets, and RDP_SERVER_REDIRECTION_PACKET with a session and nothing else. */
  const redirection = (redirFlags = '00000000') => fromHex(`14001a00ea03 0000 0004 0c00 05000000 ${redirFlags}`);
  const onIoChannel = (data: Uint8Array) => joinParts(channelPacket(IO_CHANNEL_ID, [data])).subarray(4);
  const inPlaceOf = (isMeant: (payload: Uint8Array) => boolean, data: Uint8Array) =>
    new Pair(OPTIONS, true, (payload) => (isMeant(payload) ? onIoChannel(data) : payload));

  it('tells of a server that sends it to another machine, whenever that comes, and leaves (2.2.13.3.1, 2.2.13.2.1)', () => {
    const active = new Pair();
    active.fromServer({ outgoing: [channelPacket(IO_CHANNEL_ID, [redirection()])], events: [] });
    const early = inPlaceOf(isDemandActive, redirection());
    const bare = inPlaceOf(isLicence, redirection().subarray(8));
    const inPlaceOfLicence = inPlaceOf(isLicence, redirection());
    for (const { client, clientEvents } of [active, early, inPlaceOfLicence, bare]) {
      expect(client.state).to.equal('finished');
      expect(clientEvents.slice(-2)).to.deep.equal([
        { type: 'redirected', redirection: { sessionId: 5, redirFlags: 0 } },
        { type: 'finished', error: undefined },
      ]);
    }
    expect(inPlaceOfLicence.types[0]).to.deep.equal(['securityRequired', 'redirected', 'finished']);
  });

  it('stays where a redirection only informs (LB_NOREDIRECT), and ends over one that is malformed', () => {
    const pair = new Pair();
    pair.fromServer({ outgoing: [channelPacket(IO_CHANNEL_ID, [redirection('80000000')])], events: [] });
    expect([pair.client.state, pair.clientEvents.length]).to.deep.equal(['active', 2]);
    const cut = redirection('02000000');
    pair.fromServer({ outgoing: [channelPacket(IO_CHANNEL_ID, [cut])], events: [] });
    expect(pair.failure).to.be.instanceOf(DecodeError).with.property('code', 'TRUNCATED');
  });

  it('shows the routing token, and the session that it was sent on to (2.2.1.1, 2.2.1.3.5)', () => {
    const client = new RdpClientConnection({ ...OPTIONS, routingToken: 'Cookie: msts=1', redirectedSessionId: 5 });
    expect(toHex(joinParts(client.start().outgoing.flat()))).to.include(toHex(asciiBytes('Cookie: msts=1\r\n')));
    client.received({ type: 'tpkt', payload: fromHex('0ed000001234000200080001000000') });
    // TS_UD_CS_CLUSTER: REDIRECTION_SUPPORTED, version 4, REDIRECTED_SESSIONID_FIELD_VALID.
    expect(toHex(joinParts(client.secured().step.outgoing.flat()))).to.include('04c00c000f00000005000000');
  });

  it('gets a cookie, and comes back with one', () => {
    const given = { logonId: 7, arcRandomBits: new Uint8Array(16).fill(5) };
    const pair = new Pair();
    pair.fromServer({ outgoing: [pair.server.cookiePacket(given)], events: [] });
    expect(pair.clientEvents.at(-1)).to.deep.equal({ type: 'cookie', cookie: given });
    const cookie = { logonId: 7, securityVerifier: new Uint8Array(16).fill(6) };
    expect(new Pair({ ...OPTIONS, cookie }).serverEvents[1]).to.deep.include({ type: 'credentials', cookie });
  });

  it('throws graphics away, fast-path ones too', () => {
    const pair = new Pair();
    pair.fromServer({ outgoing: [pair.server.updatePacket([new Uint8Array(300)])], events: [] });
    pair.fromClient(pair.client.received({ type: 'fastPath', payload: new Uint8Array(9) }));
    expect(pair.types[0]).to.deep.equal(['securityRequired', 'established']);
  });

  it('says goodbye, and hears nothing any more', () => {
    const pair = new Pair();
    pair.fromClient(pair.client.end());
    expect(pair.serverEvents.at(-1)).to.deep.equal({ type: 'finished', error: undefined });
    const after = pair.client.received({ type: 'fastPath', payload: new Uint8Array(9) });
    expect(after).to.deep.equal({ outgoing: [], events: [] });
    expect(pair.client.end()).to.deep.equal({ outgoing: [], events: [] });
  });

  it('takes commands in their turn alone', () => {
    const client = new RdpClientConnection(OPTIONS);
    expect(() => client.secured()).to.throw(UsageError);
    client.start();
    expect(() => client.start()).to.throw(UsageError);
    expect(() => client.authorized(new Uint8Array(4))).to.throw(UsageError);
    expect(() => new RdpClientConnection({ ...OPTIONS, requestedProtocols: 0 })).to.throw(UsageError);
  });
});

/** A client that has got this far as its answer to the connection request. */
function answered(hex: string, requestedProtocols = ALL) {
  const client = new RdpClientConnection({ ...OPTIONS, requestedProtocols });
  client.start();
  return { client, step: client.received({ type: 'tpkt', payload: fromHex(hex) }) };
}

describe('an RDP client and the security of a connection (2.2.1.2)', () => {
  it('does CredSSP where the server chose it, and waits for its authorization where it announced one (2.2.10.2)', () => {
    for (const [protocol, withCredSsp, awaitsAuthorization] of [
      ['01', false, false],
      ['02', true, false],
      ['08', true, true],
    ] as const) {
      const { client, step } = answered(`0ed0000012340002000800${protocol}000000`);
      expect(step.events).to.deep.equal([{ type: 'securityRequired', withCredSsp }]);
      const secured = client.secured();
      expect(secured.awaitsAuthorization).to.equal(awaitsAuthorization);
      expect(secured.step.outgoing).to.have.length(awaitsAuthorization ? 0 : 1);
      if (awaitsAuthorization) expect(client.authorized(fromHex('00000000')).outgoing).to.have.length(1);
      expect(client.state).to.equal('awaitingConnectResponse');
    }
  });

  it('ends where the user is known and may not come in', () => {
    const { client } = answered('0ed000001234000200080008000000');
    client.secured();
    const [event] = client.authorized(fromHex('05000000')).events;
    expect(event).to.have.nested.property('error.code', 'LOGON_REFUSED');
    expect(client.state).to.equal('finished');
  });

  const refusals: readonly [what: string, hex: string, code: string, text: RegExp][] = [
    ['RDP security alone', '06d00000123400', 'SECURITY_REFUSED', /only the old RDP security/],
    ['RDP security selected', '0ed000001234000200080000000000', 'SECURITY_REFUSED', /only the old RDP security/],
    ['a failure: no TLS', '0ed000001234000300080002000000', 'SECURITY_REFUSED', /switch TLS on there/],
    ['a failure: CredSSP', '0ed000001234000300080005000000', 'SECURITY_REFUSED', /network level authentication/],
    ['a failure without a name', '0ed00000123400030008004d000000', 'SECURITY_REFUSED', /only a number, 77/],
    ['what was not offered', '0ed000001234000200080004000000', 'OUT_OF_SEQUENCE', /protocol 4 was not offered/],
    ['two protocols', '0ed000001234000200080003000000', 'OUT_OF_SEQUENCE', /protocol 3 was not offered/],
  ];
  for (const [what, hex, code, text] of refusals) {
    it(`ends with one line for ${what}`, () => {
      const [event] = answered(hex).step.events;
      expect(event).to.have.nested.property('error.code', code);
      expect(event?.type === 'finished' && event.error?.message)
        .to.match(text)
        .and.not.include('\n');
    });
  }
});

describe('an RDP server ends the session of a client', () => {
  it('that it does not admit, and says why in its error info (2.2.5.1.1)', () => {
    const { failure, types } = new Pair(OPTIONS, false);
    expect(types[0]).to.deep.equal(['securityRequired', 'finished']);
    expect(failure).to.be.instanceOf(RdpRefusalError).and.include({ code: 'LOGON_REFUSED' });
    expect(failure?.message).to.match(/wrong user name or password/);
  });

  for (const [errorInfo, code, text] of [
    [ErrorInfo.ERRINFO_IDLE_TIMEOUT, 'SESSION_ENDED', /idle/],
    [0x102, 'LICENSE_REFUSED', /no client access licence/],
    [0x10ca, 'SESSION_ENDED', /\(0x000010ca\): please report/],
    [0x66, 'SESSION_ENDED', /only a number, 0x00000066/],
  ] as const) {
    it(`in words: 0x${errorInfo.toString(16)}`, () => {
      const pair = new Pair();
      pair.fromServer(pair.server.end(errorInfo));
      expect(pair.failure).to.include({ code });
      expect(pair.failure?.message).to.match(text);
      expect(pair.client.closed()).to.equal(pair.failure);
    });
  }

  it('without an error where somebody there just closed it', () => {
    const pair = new Pair();
    pair.fromServer(pair.server.end(ErrorInfo.ERRINFO_RPC_INITIATED_DISCONNECT));
    expect(pair.clientEvents.at(-1)).to.deep.equal({ type: 'finished', error: undefined });
  });

  it('or it goes on, and never throws, whatever the server changes in what ours sends', () => {
    const change = fc.record({ packet: fc.nat(20), at: fc.nat(600), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const pair = new Pair(OPTIONS, true, (payload, index) => {
          const spoiled = Uint8Array.from(payload);
          for (const { packet, at, byte } of changes) {
            if (packet === index) spoiled[at % spoiled.byteLength] = byte;
          }
          return spoiled;
        });
        expect(pair.clientEvents.filter(({ type }) => type === 'finished').length).to.be.at.most(1);
        expect(pair.failure?.message ?? '').to.not.include('\n');
      }),
      // A user that is attached and has no id was once sent back.
      { numRuns: 500, examples: [[[{ packet: 2, at: 17, byte: 44 }]]] },
    );
  });
});

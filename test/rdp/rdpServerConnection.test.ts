import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { ErrorInfo, PduType2 } from '../../codecs/rdp/shareData.ts';
import { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import { type RdpEvent, RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';
import {
  ACTIVATION,
  captured,
  CLIENT_USER,
  CONNECTION_REQUEST,
  dataPdu,
  DRDYNVC_CHANNEL,
  INSIDE_TLS,
  mcs,
  nameOf,
  sent,
  tpkt,
  UP_TO_CREDENTIALS,
} from '../transports/rdp/capturedClient.ts';

/** A connection whose client is the test; admits whoever comes, unless told otherwise. */
class Session {
  readonly connection = new RdpServerConnection();
  readonly sent: Uint8Array[] = [];
  readonly events: RdpEvent[] = [];
  readonly #deframer = new RdpDeframer();
  readonly #admits: boolean;

  constructor(admits = true) {
    this.#admits = admits;
  }

  receive(...packets: readonly Uint8Array[]): this {
    for (const packet of packets) {
      this.#deframer.push(packet);
      for (let next = this.#deframer.next(); next !== undefined; next = this.#deframer.next()) {
        this.#take(this.connection.received(next));
      }
    }
    return this;
  }

  #take({ outgoing, events }: ReturnType<RdpServerConnection['received']>): void {
    this.sent.push(...outgoing.map((packet) => Uint8Array.from(joinParts(packet))));
    this.events.push(...events);
    for (const event of events) {
      if (event.type === 'tlsRequired') this.connection.secured();
      if (event.type === 'credentials') this.#take(this.connection.admit(this.#admits));
    }
  }

  /** Does what the owner of a connection does with a step. */
  apply(step: ReturnType<RdpServerConnection['end']>): this {
    this.#take(step);
    return this;
  }

  /** Names of what was sent from the `from`th packet on. */
  names(from = 0): string[] {
    return this.sent.slice(from).map(nameOf);
  }

  get eventTypes(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** The message of the error that ended it; undefined when it goes on or ended well. */
  get failure(): string | undefined {
    const last = this.events.at(-1);
    return last?.type === 'finished' ? last.error?.message : undefined;
  }
}

const established = () => new Session().receive(CONNECTION_REQUEST, ...INSIDE_TLS);

describe('RDP server connection ([MS-RDPBCGR] 1.3.1.1)', () => {
  it('leads a real FreeRDP, packet by packet, to its channels', () => {
    const session = established();
    expect(session.eventTypes).to.deep.equal(['tlsRequired', 'credentials', 'established']);
    expect(toHex(session.sent[0]!)).to.equal('030000130ed000001234000200080001000000');
    expect(session.names(2)).to.deep.equal([
      'ATTACH_USER_CONFIRM',
      ...Array.from({ length: 6 }, () => 'CHANNEL_JOIN_CONFIRM'),
      'licence',
      'TS_DEMAND_ACTIVE_PDU',
      'data 0x1f',
      'data 0x14',
      'data 0x14',
      'data 0x28',
    ]);
    expect(session.connection.channels).to.deep.equal(['rdpdr', 'rdpsnd', 'cliprdr', 'drdynvc']);
    expect(session.connection.desktop).to.deep.equal({ width: 800, height: 600 });
    expect(session.connection.clientName).to.equal('(none)');
  });

  it('takes what other clients than FreeRDP begin with: the sample of the specification, and rdesktop', () => {
    const vector = (path: string) => {
      const url = new URL(`../../test-vectors/rdp/${path}.json`, import.meta.url);
      return fromHex((JSON.parse(readFileSync(url, 'utf8')) as { hex: string }).hex);
    };
    const behindX224 = (payload: Uint8Array) => tpkt(Uint8Array.of(2, 0xf0, 0x80), payload);
    const session = new Session().receive(
      CONNECTION_REQUEST,
      behindX224(vector('CONNECT_INITIAL/sample')),
      behindX224(vector('ERECT_DOMAIN_REQUEST/rdesktop-1.9')),
      captured('AttachUserRequest'),
    );
    expect(session.names(2)).to.deep.equal(['ATTACH_USER_CONFIRM']);
    expect(session.connection.clientName).to.equal('ELTONS-DEV2');
  });

  it('tells who the client says it is', () => {
    const [, credentials] = established().events;
    expect(credentials).to.deep.equal({
      type: 'credentials',
      credentials: { domain: '', userName: 'u', password: 'p' },
      cookie: undefined,
    });
  });

  it('answers what FreeRDP accepted in the capture, byte for byte where nothing is free', () => {
    const { sent: packets } = established();
    expect(toHex(packets[2]!)).to.equal('0300000b02f0802e000063');
    expect(toHex(packets[4]!)).to.equal('0300000f02f0803e00006303eb03eb');
    expect(toHex(packets[9]!)).to.equal('0300002202f08068000103eb701480000000ff031000070000000200000004000000');
    expect(toHex(packets.at(-1)!)).to.equal(
      '0300002802f08068000103eb701a1a001700ea03ea03010000010c00280000000000000003000400',
    );
  });

  it('does the same when the bytes come one by one, and when they come at once', () => {
    const inside = joinParts(INSIDE_TLS);
    const bytewise = new Session().receive(CONNECTION_REQUEST, ...Array.from(inside, (byte) => Uint8Array.of(byte)));
    const atOnce = new Session().receive(CONNECTION_REQUEST, inside);
    const expected = established();
    for (const session of [bytewise, atOnce]) {
      expect(session.eventTypes).to.deep.equal(expected.eventTypes);
      expect(session.sent).to.deep.equal(expected.sent);
    }
  });

  it('carries chunks of a static channel both ways, and drops those of channels that nobody joined', () => {
    const session = established();
    const chunk = fromHex('04000000 03000000 50000300');
    session.receive(sent(DRDYNVC_CHANNEL, chunk), sent(1020, chunk));
    expect(session.events.slice(3)).to.deep.equal([{ type: 'channelData', channel: 'drdynvc', chunk }]);
    const packet = session.connection.channelPacket('drdynvc', [chunk.subarray(0, 8), chunk.subarray(8)]);
    expect(toHex(joinParts(packet))).to.equal('0300001a02f08068000103ef700c040000000300000050000300');
    expect(() => session.connection.channelPacket('rdpgfx', [chunk])).to.throw(UsageError, 'no channel rdpgfx');
  });

  it('takes input and flow control, and does nothing about them', () => {
    const session = established();
    const before = session.sent.length;
    session.receive(
      Uint8Array.of(0x04, 0x04, 0x00, 0x1e),
      Uint8Array.of(0x04, 0x80, 0x05, 0x00, 0x1e),
      dataPdu(PduType2.PDUTYPE2_INPUT, new Uint8Array(16)),
      sent(1003, fromHex('0080 0000 4100 0000')),
    );
    expect(session.sent.length).to.equal(before);
    expect(session.events.length).to.equal(3);
  });

  it('tells when the client wants to see the desktop: an area, or a window that is shown again (2.2.11)', () => {
    const events = (type: number, hex: string) =>
      established()
        .receive(dataPdu(type, fromHex(hex)))
        .events.slice(3);
    const repaint = [{ type: 'repaint' }];
    expect(events(PduType2.PDUTYPE2_REFRESH_RECT, '01000000 00000000 1f035702')).to.deep.equal(repaint);
    expect(events(PduType2.PDUTYPE2_REFRESH_RECT, '00000000')).to.deep.equal([]);
    expect(events(PduType2.PDUTYPE2_SUPPRESS_OUTPUT, '01000000 00000000 20035802')).to.deep.equal(repaint);
    expect(events(PduType2.PDUTYPE2_SUPPRESS_OUTPUT, '00000000')).to.deep.equal([]);
  });

  it('says in its general capabilities that it supports fast-path output, without which freerdp-proxy ends the session', () => {
    const demand = established()
      .sent.slice(2)
      .find((packet) => nameOf(packet) === 'TS_DEMAND_ACTIVE_PDU')!;
    // CAPSTYPE_GENERAL and its 24 bytes; extraFlags are the 16 bits at 14.
    const general = toHex(demand).indexOf('01001800') / 2;
    expect(general).to.be.above(0);
    expect(demand[general + 14]! & 1).to.equal(1);
  });

  it('paints only on an active connection', () => {
    const session = new Session().receive(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS);
    const paint = () => session.connection.updatePacket([new Uint8Array(4)]);
    expect(paint).to.throw(UsageError, 'only on an active connection');
    session.receive(...ACTIVATION);
    expect(session.names(2).at(-1)).to.equal('data 0x28');
    expect(nameOf(Uint8Array.from(joinParts(paint())))).to.equal('data 0x2');
    session.apply(session.connection.reactivate());
    expect(paint).to.throw(UsageError);
    session.receive(dataPdu(PduType2.PDUTYPE2_REFRESH_RECT, fromHex('01000000 00000000 1f035702')), ...ACTIVATION);
    expect(session.eventTypes.slice(3)).to.deep.equal(['repaint']);
    paint();
  });

  it('answers each PDU of the finalization once in an activation, however often it comes', () => {
    const session = established();
    const before = session.sent.length;
    for (let count = 0; count < 100; count += 1) session.receive(...ACTIVATION.slice(1));
    expect(session.names(before)).to.deep.equal([]);
    expect(session.eventTypes).to.deep.equal(['tlsRequired', 'credentials', 'established']);
    session.apply(session.connection.reactivate()).receive(...ACTIVATION, ...ACTIVATION.slice(1));
    expect(session.names(before + 2)).to.deep.equal(['data 0x1f', 'data 0x14', 'data 0x14', 'data 0x28']);
  });

  it('hears nothing from a channel that the client asked for and did not join', () => {
    const withoutDrdynvc = UP_TO_CREDENTIALS.filter(
      (packet) => packet !== captured(`ChannelJoinRequest ${DRDYNVC_CHANNEL}`),
    );
    expect(withoutDrdynvc.length).to.equal(UP_TO_CREDENTIALS.length - 1);
    const session = new Session().receive(CONNECTION_REQUEST, ...withoutDrdynvc, ...ACTIVATION);
    expect(session.eventTypes.at(-1)).to.equal('established');
    expect(session.connection.channels).to.deep.equal(['rdpdr', 'rdpsnd', 'cliprdr']);
    session.receive(sent(DRDYNVC_CHANNEL, new Uint8Array(9)));
    expect(session.eventTypes.at(-1)).to.equal('established');
    expect(() => session.connection.channelPacket('drdynvc', [new Uint8Array(9)])).to.throw(UsageError);
  });

  it('activates again when asked, and channels go on meanwhile', () => {
    const session = established();
    const before = session.sent.length;
    session.apply(session.connection.reactivate());
    expect(session.names(before)).to.deep.equal(['TS_DEACTIVATE_ALL_PDU', 'TS_DEMAND_ACTIVE_PDU']);
    const chunk = new Uint8Array(9);
    session.receive(dataPdu(PduType2.PDUTYPE2_INPUT, new Uint8Array(16)), sent(DRDYNVC_CHANNEL, chunk), ...ACTIVATION);
    expect(session.eventTypes.slice(3)).to.deep.equal(['channelData', 'repaint']);
    expect(session.names(before + 2)).to.deep.equal(['data 0x1f', 'data 0x14', 'data 0x14', 'data 0x28']);
    session.apply(session.connection.reactivate());
    expect(session.failure).to.equal(undefined);
  });
});

describe('an RDP connection ends', () => {
  it('with error info, deactivation and the ultimatum when the server wants it', () => {
    const session = established();
    const before = session.sent.length;
    session.apply(session.connection.end(ErrorInfo.ERRINFO_RPC_INITIATED_DISCONNECT));
    expect(session.names(before)).to.deep.equal([
      'data 0x2f',
      'TS_DEACTIVATE_ALL_PDU',
      'DISCONNECT_PROVIDER_ULTIMATUM',
    ]);
    expect(session.events.at(-1)).to.deep.equal({ type: 'finished', error: undefined });
    expect(session.connection.end(1)).to.deep.equal({ outgoing: [], events: [] });
  });

  it('when the client shuts it down or says goodbye', () => {
    const shutdown = established().receive(dataPdu(PduType2.PDUTYPE2_SHUTDOWN_REQUEST, new Uint8Array(0)));
    expect(toHex(shutdown.sent.at(-1)!)).to.equal('0300000902f0802180');
    const goodbye = established().receive(mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 }));
    for (const session of [shutdown, goodbye]) {
      expect(session.events.at(-1)).to.deep.equal({ type: 'finished', error: undefined });
    }
  });

  it('for who is not admitted: error info, ultimatum, and one line', () => {
    const session = new Session(false).receive(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS);
    expect(session.names(9)).to.deep.equal(['licence', 'data 0x2f', 'DISCONNECT_PROVIDER_ULTIMATUM']);
    expect(session.failure).to.equal('wrong user name or password');
  });

  it('for who is not admitted with the reason, also when it does not announce that it understands one: FreeRDP 3 does not', () => {
    const connectInitial = Uint8Array.from(captured('MCS ConnectInitial'));
    // Client Core Data of 234 bytes, 2.2.1.3.2: earlyCapabilityFlags are at 144.
    const flags = toHex(connectInitial).indexOf('01c0ea00') / 2 + 144;
    expect(connectInitial[flags]! & 1, 'RNS_UD_CS_SUPPORT_ERRINFO_PDU').to.equal(1);
    connectInitial[flags]! &= ~1;
    const session = new Session(false).receive(CONNECTION_REQUEST, connectInitial, ...UP_TO_CREDENTIALS.slice(1));
    expect(session.names(9)).to.deep.equal(['licence', 'data 0x2f', 'DISCONNECT_PROVIDER_ULTIMATUM']);
    // ERRINFO_SERVER_DENIED_CONNECTION
    expect(toHex(session.sent[10]!)).to.match(/07000000$/);
  });

  it('for a client that wants standard RDP security: a negotiation failure', () => {
    for (const negotiation of ['', '0100080000000000', '0100080002000000']) {
      const payload = fromHex(`e00000000000${negotiation}`);
      const session = new Session().receive(tpkt(Uint8Array.of(payload.byteLength), payload));
      expect(toHex(session.sent[0]!)).to.equal('030000130ed000001234000300080001000000');
      expect(session.failure).to.match(/standard RDP security is refused/);
    }
  });

  it('for what comes at the wrong time, in one line', () => {
    const cases: [string, readonly Uint8Array[]][] = [
      ['X224_DATA', [CONNECTION_REQUEST, CONNECTION_REQUEST]],
      ['CONNECT_INITIAL', [CONNECTION_REQUEST, captured('AttachUserRequest')]],
      ['fast-path input', [CONNECTION_REQUEST, Uint8Array.of(4, 4, 0, 0x1e)]],
      [
        'channel data',
        [CONNECTION_REQUEST, ...UP_TO_CREDENTIALS.slice(0, -1), sent(DRDYNVC_CHANNEL, new Uint8Array(9))],
      ],
      ['TS_INFO_PACKET', [CONNECTION_REQUEST, ...UP_TO_CREDENTIALS.slice(0, -1), ...ACTIVATION.slice(0, 1)]],
      ['TS_DATA_PDU', [CONNECTION_REQUEST, ...UP_TO_CREDENTIALS, ...ACTIVATION.slice(1, 2)]],
      ['TS_CONFIRM_ACTIVE_PDU', [CONNECTION_REQUEST, ...INSIDE_TLS, ...ACTIVATION.slice(0, 1)]],
      ['CHANNEL_JOIN_REQUEST', [CONNECTION_REQUEST, ...INSIDE_TLS, captured('ChannelJoinRequest 1003')]],
      [
        'there is no channel 1008',
        [
          CONNECTION_REQUEST,
          ...UP_TO_CREDENTIALS.slice(0, 3),
          mcs({ name: 'CHANNEL_JOIN_REQUEST', initiator: CLIENT_USER, channelId: 1008 }),
        ],
      ],
      ['only a server', [CONNECTION_REQUEST, ...INSIDE_TLS, mcs({ name: 'ATTACH_USER_CONFIRM', result: 0 })]],
    ];
    for (const [text, packets] of cases) {
      const { failure, events } = new Session().receive(...packets);
      expect(failure, `${text}: ${events.map(({ type }) => type).join(' ')}`)
        .to.include(text)
        .and.not.include('\n');
    }
  });

  it('for a client that attaches twice or joins a channel twice, so that it cannot make answers pile up', () => {
    const attach = fromHex('0300000802f08028');
    const attached = new Session().receive(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS.slice(0, 2), attach, attach);
    expect(attached.names(2)).to.deep.equal(['ATTACH_USER_CONFIRM', 'DISCONNECT_PROVIDER_ULTIMATUM']);
    expect(attached.failure).to.match(/^ATTACH_USER_REQUEST in state joining: not allowed now/);
    const join = captured('ChannelJoinRequest 1003');
    const joined = new Session().receive(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS.slice(0, 3), join, join);
    expect(joined.names(3)).to.deep.equal(['CHANNEL_JOIN_CONFIRM', 'DISCONNECT_PROVIDER_ULTIMATUM']);
    expect(joined.failure).to.match(/^CHANNEL_JOIN_REQUEST in state joining: channel 1003 is joined already/);
  });

  it('only once, and nothing is heard any more', () => {
    const session = established().receive(mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 }));
    const before = session.events.length;
    session.receive(sent(DRDYNVC_CHANNEL, new Uint8Array(9)));
    expect(session.events.length).to.equal(before);
  });

  it('or goes on, and never throws, whatever a client changes in what FreeRDP sends', () => {
    const change = fc.record({ packet: fc.nat(INSIDE_TLS.length - 1), at: fc.nat(600), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const packets = INSIDE_TLS.map((packet) => Uint8Array.from(packet));
        for (const { packet, at, byte } of changes) {
          const bytes = packets[packet]!;
          // Behind the TPKT header, so that the packets stay apart.
          bytes[4 + (at % (bytes.byteLength - 4))] = byte;
        }
        const session = new Session().receive(CONNECTION_REQUEST, ...packets);
        const ends = session.events.filter(({ type }) => type === 'finished').length;
        expect(ends).to.be.at.most(1);
        if (session.failure !== undefined) expect(session.failure).not.to.include('\n');
      }),
      { numRuns: 500 },
    );
  });
});

describe('RDP packets', () => {
  const next = (hex: string, maximum?: number) => {
    const deframer = new RdpDeframer(maximum);
    deframer.push(fromHex(hex));
    return deframer.next();
  };

  it('are TPKT or fast-path input with a length of one or two bytes', () => {
    expect(next('03000005aa')).to.deep.equal({ type: 'tpkt', payload: Uint8Array.of(0xaa) });
    expect(next('4403aa')).to.deep.equal({ type: 'fastPath', payload: Uint8Array.of(0xaa) });
    expect(next('448004aa')).to.deep.equal({ type: 'fastPath', payload: Uint8Array.of(0xaa) });
  });

  it('are refused at the first byte that fits neither, at a length without content, and beyond the limit', () => {
    expect(() => next('16')).to.throw('22 begins neither TPKT nor fast-path input');
    expect(() => next('47')).to.throw('71 begins neither');
    expect(() => next('03000004')).to.throw('the header alone has 4');
    expect(() => next('0402')).to.throw('the header alone has 2');
    expect(() => next('03002001', 8192)).to.throw('8193 is more than the limit of 8192');
  });

  it('say whether the stream may end here', () => {
    const deframer = new RdpDeframer();
    expect(deframer.isInsidePacket).to.equal(false);
    for (const byte of [3, 0, 0, 6, 1]) {
      deframer.push(Uint8Array.of(byte));
      expect(deframer.next()).to.equal(undefined);
      expect(deframer.isInsidePacket).to.equal(true);
    }
    deframer.push(Uint8Array.of(2));
    expect(deframer.next()?.payload).to.deep.equal(Uint8Array.of(1, 2));
    expect(deframer.isInsidePacket).to.equal(false);
  });
});

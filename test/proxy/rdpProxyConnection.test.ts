import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { ClientCoreData, ClientNetworkData } from '../../codecs/rdp/clientData.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from '../../codecs/rdp/gcc.ts';
import { ConnectInitial, ConnectResponse } from '../../codecs/rdp/mcsConnect.ts';
import { ServerCoreData, ServerNetworkData } from '../../codecs/rdp/serverData.ts';
import { type UserDataBlock, UserDataType } from '../../codecs/rdp/userDataBlock.ts';
import { X224ConnectionConfirm, X224ConnectionRequest, X224Data } from '../../codecs/rdp/x224.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import { OWN_CHANNEL_ID_BASE } from '../../src/proxy/mergedChannels.ts';
import {
  type FramedPacket,
  type ProxyEvent,
  type ProxyStep,
  RdpProxyConnection,
} from '../../src/proxy/rdpProxyConnection.ts';
import { block, blockOf } from '../../src/rdp/conference.ts';
import { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import { channelPacket, decodeWith, tpktPacket } from '../../src/rdp/rdpPacket.ts';
import { RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';
import {
  ACTIVATION,
  captured,
  CONNECTION_REQUEST,
  DRDYNVC_CHANNEL,
  INSIDE_TLS,
  mcs,
  nameOf,
  sent,
  tpkt,
  UP_TO_CREDENTIALS,
} from '../transports/rdp/capturedClient.ts';

const OWN_DATA = ownChunk('aabb');
const FAST_PATH = fromHex('00058001 ff'.replaceAll(' ', ''));

function ownChunk(bytes: string): Uint8Array {
  const pdu = encodeDvcPdu({ name: 'DYNVC_DATA', channelId: OWN_CHANNEL_ID_BASE + 1, data: fromHex(bytes) });
  return Uint8Array.from(joinParts(new StaticChannel().send(pdu)[0] ?? []));
}

function framed(bytes: Uint8Array): FramedPacket[] {
  const deframer = new RdpDeframer();
  deframer.push(bytes);
  const packets: FramedPacket[] = [];
  for (let packet = deframer.next(); packet !== undefined; packet = deframer.next()) {
    packets.push({ ...packet, header: deframer.header });
  }
  return packets;
}

const bytesOf = (packet: Parts) => Uint8Array.from(joinParts(packet));

interface Options {
  readonly withCredSsp?: boolean;
  readonly admits?: boolean;
  /** Changes what the server sends, packet by packet. */
  readonly change?: (packet: Uint8Array, index: number) => Uint8Array;
  /** The server's answer to the connection request. */
  readonly confirm?: Omit<X224ConnectionConfirm, 'destinationReference' | 'sourceReference'>;
}

/** The proxy between a client, which is the test, and this project's server. */
class Session {
  readonly proxy: RdpProxyConnection;
  readonly server = new RdpServerConnection();
  readonly events: ProxyEvent[] = [];
  /** What each end was sent. */
  readonly toClient: Uint8Array[] = [];
  readonly toServer: Uint8Array[] = [];
  readonly #options: Options;
  #fromServer = 0;

  constructor(options: Options = {}) {
    this.proxy = new RdpProxyConnection(options.withCredSsp ?? false);
    this.#options = options;
  }

  client(...packets: readonly Uint8Array[]): this {
    for (const packet of packets) for (const each of framed(packet)) this.take(this.proxy.fromClient(each));
    return this;
  }

  /** A packet of the server. */
  fromServer(...packets: readonly Parts[]): this {
    for (const packet of packets) {
      const sentBytes = bytesOf(packet);
      const bytes = this.#options.change?.(sentBytes, this.#fromServer) ?? sentBytes;
      this.#fromServer += 1;
      for (const each of framed(bytes)) this.take(this.proxy.fromServer(each));
    }
    return this;
  }

  take({ toClient, toServer, events }: ProxyStep): this {
    this.events.push(...events);
    this.toClient.push(...toClient.map(bytesOf));
    for (const packet of toServer.map(bytesOf)) {
      this.toServer.push(packet);
      for (const each of framed(packet)) this.#serverTakes(this.server.received(each));
    }
    for (const event of events) {
      if (event.type === 'serverSecurityRequired') this.take(this.proxy.serverSecured());
      if (event.type === 'clientTlsRequired') this.proxy.clientSecured();
      if (event.type === 'credentials') this.take(this.proxy.admit(this.#options.admits ?? true));
    }
    return this;
  }

  #serverTakes({ outgoing, events }: ReturnType<RdpServerConnection['received']>): void {
    for (const event of events) if (event.type === 'tlsRequired') this.server.secured();
    const { confirm } = this.#options;
    const isConfirm = events.some(({ type }) => type === 'tlsRequired');
    if (isConfirm && confirm !== undefined) {
      const references = { destinationReference: 0, sourceReference: 0 };
      this.fromServer(tpktPacket(X224ConnectionConfirm.encode({ ...references, ...confirm })));
    } else this.fromServer(...outgoing);
    for (const event of events) if (event.type === 'credentials') this.#serverTakes(this.server.admit(true));
  }

  get eventTypes(): string[] {
    return this.events.map(({ type }) => type);
  }

  get failure(): string | undefined {
    const last = this.events.at(-1);
    return last?.type === 'finished' ? last.error.message : undefined;
  }
}

/** The blocks in a Connect-Initial. */
function clientBlocks(packet: Uint8Array): readonly UserDataBlock[] {
  const { userData } = decodeWith(ConnectInitial, decodeWith(X224Data, packet.subarray(4)).data);
  return decodeWith(ConferenceCreateRequest, userData).blocks;
}

/** A Connect-Initial with other blocks. */
function withClientBlocks(
  packet: Uint8Array,
  change: (blocks: readonly UserDataBlock[]) => UserDataBlock[],
): Uint8Array {
  const initial = decodeWith(ConnectInitial, decodeWith(X224Data, packet.subarray(4)).data);
  const userData = joinParts(ConferenceCreateRequest.encode({ blocks: change(clientBlocks(packet)) }));
  return tpkt(Uint8Array.of(2, 0xf0, 0x80), ...ConnectInitial.encode({ ...initial, userData }));
}

/** The blocks in a Connect-Response. */
function serverBlocks(packet: Uint8Array): readonly UserDataBlock[] {
  const { userData } = decodeWith(ConnectResponse, decodeWith(X224Data, packet.subarray(4)).data);
  return decodeWith(ConferenceCreateResponse, userData).blocks;
}

/** A Connect-Response of a server with these ids. */
function withChannelIds(packet: Uint8Array, change: (ids: readonly number[]) => number[]): Uint8Array {
  const response = decodeWith(ConnectResponse, decodeWith(X224Data, packet.subarray(4)).data);
  const conference = decodeWith(ConferenceCreateResponse, response.userData);
  const blocks = conference.blocks.map((each) => {
    if (each.type !== UserDataType.SC_NET) return each;
    const network = decodeWith(ServerNetworkData, each.data);
    return block(each.type, ServerNetworkData.encode({ ...network, channelIdArray: change(network.channelIdArray) }));
  });
  const userData = joinParts(ConferenceCreateResponse.encode({ ...conference, blocks }));
  return tpkt(Uint8Array.of(2, 0xf0, 0x80), ...ConnectResponse.encode({ ...response, userData }));
}

const established = (options?: Options) => new Session(options).client(CONNECTION_REQUEST, ...INSIDE_TLS);

describe('an RDP connection that passes through ([MS-RDPBCGR] 1.3.1.1)', () => {
  it('leads a real FreeRDP to a server, demand by demand', () => {
    const session = established();
    expect(session.eventTypes).to.deep.equal([
      'serverWanted',
      'serverSecurityRequired',
      'clientTlsRequired',
      'credentials',
      'established',
    ]);
    expect(session.events.at(-1)).to.deep.equal({ type: 'established', hasChannels: true });
    expect(session.proxy.clientName).to.equal('(none)');
    expect(session.proxy.state).to.equal('established');
    expect(session.server.channels).to.deep.equal(['rdpdr', 'rdpsnd', 'cliprdr', 'drdynvc']);
  });

  it('all that the client says after its conference reaches the server as it came', () => {
    const { toServer } = established();
    expect(toServer.slice(2).map((each) => toHex(each))).to.deep.equal(INSIDE_TLS.slice(1).map((each) => toHex(each)));
  });

  it('the server hears of the client what it said: cookie, screen, keyboard, channels', () => {
    const { toServer } = established();
    const request = decodeWith(X224ConnectionRequest, toServer[0]!.subarray(4));
    expect(request.cookie).to.equal(decodeWith(X224ConnectionRequest, CONNECTION_REQUEST.subarray(4)).cookie);
    expect(request.negotiation).to.deep.equal({ flags: 0, requestedProtocols: 1 });
    const [told, said] = [clientBlocks(toServer[1]!), clientBlocks(captured('MCS ConnectInitial'))];
    // FreeRDP offers UDP, which does not pass.
    expect([...told.map(({ type }) => type), UserDataType.CS_MULTITRANSPORT]).to.deep.equal(
      said.map(({ type }) => type),
    );
    for (const type of [UserDataType.CS_CORE, UserDataType.CS_CLUSTER, UserDataType.CS_SECURITY]) {
      expect(toHex(blockOf(told, type)!)).to.equal(toHex(blockOf(said, type)!));
    }
  });

  it('the security of each half is its own: the server hears what was agreed with it, the client what it asked for', () => {
    const negotiation = { type: 'response', flags: 0x1f, selectedProtocol: 2 } as const;
    const session = established({ withCredSsp: true, confirm: { negotiation } });
    expect(
      decodeWith(X224ConnectionRequest, session.toServer[0]!.subarray(4)).negotiation?.requestedProtocols,
    ).to.equal(3);
    expect(session.events[1]).to.deep.equal({ type: 'serverSecurityRequired', withCredSsp: true });
    // What the server can do passes, what it says of its security does not.
    expect(decodeWith(X224ConnectionConfirm, session.toClient[0]!.subarray(4)).negotiation).to.deep.equal({
      ...negotiation,
      flags: 0x03,
      selectedProtocol: 1,
    });
    const core = decodeWith(ClientCoreData, blockOf(clientBlocks(session.toServer[1]!), UserDataType.CS_CORE)!);
    expect(core.serverSelectedProtocol).to.equal(2);
    const answer = decodeWith(ServerCoreData, blockOf(serverBlocks(session.toClient[1]!), UserDataType.SC_CORE)!);
    const asked = decodeWith(X224ConnectionRequest, CONNECTION_REQUEST.subarray(4)).negotiation?.requestedProtocols;
    expect(answer.clientRequestedProtocols).to.equal(asked);
  });

  it('the channel into which it looks is not compressed, and there is no UDP beside it', () => {
    const initial = withClientBlocks(captured('MCS ConnectInitial'), (blocks) => [
      ...blocks.map((each) => {
        if (each.type !== UserDataType.CS_NET) return each;
        const { channelDefArray } = decodeWith(ClientNetworkData, each.data);
        const compressed = channelDefArray.map(({ name }) => ({ name, options: 0xc0c00000 }));
        return block(each.type, ClientNetworkData.encode({ channelDefArray: compressed }));
      }),
      { type: UserDataType.CS_MULTITRANSPORT, data: Uint8Array.of(1, 0, 0, 0) },
    ]);
    const session = new Session().client(CONNECTION_REQUEST, initial);
    const blocks = clientBlocks(session.toServer[1]!);
    expect(blockOf(blocks, UserDataType.CS_MULTITRANSPORT)).to.equal(undefined);
    const { channelDefArray } = decodeWith(ClientNetworkData, blockOf(blocks, UserDataType.CS_NET)!);
    expect(channelDefArray.map(({ name, options }) => [name, options])).to.deep.equal([
      ['rdpdr', 0xc0c00000],
      ['rdpsnd', 0xc0c00000],
      ['cliprdr', 0xc0c00000],
      ['drdynvc', 0xc0000000],
    ]);
  });

  it('fast-path, other channels, reactivation and the end pass both ways, byte for byte', () => {
    const session = established();
    const own = (index: number) => [...sent(1004 + index, fromHex('0100000003000000aa'))];
    const fromClient = [FAST_PATH, Uint8Array.from(own(0)), mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 3 })];
    const before = session.toServer.length;
    session.client(...fromClient);
    expect(session.toServer.slice(before).map((each) => toHex(each))).to.deep.equal(
      fromClient.map((each) => toHex(each)),
    );

    const again = established();
    const start = again.toClient.length;
    const long = Uint8Array.from([0, 0x80 | 0x12, 0x34, ...new Uint8Array(0x1234 - 3)]);
    const packets = [
      [FAST_PATH],
      [long],
      channelPacket(1004, [fromHex('0100000003000000aa')]),
      ...again.server.reactivate().outgoing,
      // A redirection to another machine, and a disconnect: nothing of them is looked at.
      channelPacket(1003, [fromHex('00040a000000aabb')]),
      [mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason: 1 })],
    ];
    again.fromServer(...packets);
    expect(again.toClient.slice(start).map((each) => toHex(each))).to.deep.equal(
      packets.map((each) => toHex(bytesOf(each))),
    );
    expect(again.proxy.state).to.equal('established');
  });

  describe('dynamic channels', () => {
    it("those of the proxy never reach the server, and the server's pass", () => {
      const session = established();
      const before = session.toServer.length;
      session.client(sent(DRDYNVC_CHANNEL, OWN_DATA));
      expect(session.toServer.length).to.equal(before);
      const { chunk } = session.events.at(-1) as Extract<ProxyEvent, { type: 'chunk' }>;
      expect(toHex(chunk)).to.equal(toHex(OWN_DATA));
      const other = sent(DRDYNVC_CHANNEL, fromHex('03000000030000003001aa'));
      session.client(other);
      expect(session.toServer.slice(before).map((each) => toHex(each))).to.deep.equal([toHex(other)]);
      session.take(session.proxy.fromProxy([[OWN_DATA]]));
      expect(nameOf(session.toClient.at(-1)!)).to.equal(`channel ${DRDYNVC_CHANNEL}`);
      expect(toHex(session.toClient.at(-1)!)).to.match(new RegExp(`${toHex(OWN_DATA)}$`));
    });

    /** A server that has no channel for the client's drdynvc. */
    for (const [what, change] of [
      ['gives it the id 0', (ids: readonly number[]) => ids.map((id, index) => (index === 3 ? 0 : id))],
      ['says nothing of it', (ids: readonly number[]) => ids.slice(0, 3)],
    ] as const) {
      it(`a server that ${what} hears nothing of the channel that the proxy makes`, () => {
        const session = new Session({
          change: (packet, index) => (index === 1 ? withChannelIds(packet, change) : packet),
        });
        session.client(CONNECTION_REQUEST, captured('MCS ConnectInitial'));
        const network = blockOf(serverBlocks(session.toClient.at(-1)!), UserDataType.SC_NET)!;
        expect(decodeWith(ServerNetworkData, network).channelIdArray).to.deep.equal([1004, 1005, 1006, 0xffff]);
        const joining = UP_TO_CREDENTIALS.slice(1).map((packet) =>
          toHex(packet).endsWith('03ef')
            ? mcs({ name: 'CHANNEL_JOIN_REQUEST', initiator: 1100, channelId: 0xffff })
            : packet,
        );
        const before = session.toClient.length;
        session.client(...joining, ...ACTIVATION);
        expect(session.toServer.every((each) => !toHex(each).endsWith('ffff'))).to.equal(true);
        const joins = session.toClient
          .slice(before)
          .map(nameOf)
          .filter((name) => name === 'CHANNEL_JOIN_CONFIRM');
        expect(joins).to.have.length(6);
        expect(session.events.at(-1)).to.deep.equal({ type: 'established', hasChannels: true });
        const count = session.toServer.length;
        session.client(sent(0xffff, fromHex('03000000030000003001aa')));
        session.client(sent(0xffff, OWN_DATA));
        expect(session.toServer.length).to.equal(count);
        expect(session.eventTypes.at(-1)).to.equal('chunk');
        session.take(session.proxy.fromProxy([[OWN_DATA]]));
        expect(nameOf(session.toClient.at(-1)!)).to.equal('channel 65535');
      });
    }

    it('a client that joins the channel of the proxy before it has a user is answered, and nothing throws', () => {
      const session = new Session({
        change: (packet, index) => (index === 1 ? withChannelIds(packet, (ids) => ids.slice(0, 3)) : packet),
      });
      session.client(CONNECTION_REQUEST, captured('MCS ConnectInitial'));
      session.client(mcs({ name: 'CHANNEL_JOIN_REQUEST', initiator: 1100, channelId: 0xffff }));
      expect(nameOf(session.toClient.at(-1)!)).to.equal('CHANNEL_JOIN_CONFIRM');
    });

    it('the id that the proxy makes is none of the server', () => {
      const change = (packet: Uint8Array, index: number) =>
        index === 1 ? withChannelIds(packet, () => [0xffff, 0xfffe, 1006, 0]) : packet;
      const session = new Session({ change }).client(CONNECTION_REQUEST, captured('MCS ConnectInitial'));
      const network = blockOf(serverBlocks(session.toClient.at(-1)!), UserDataType.SC_NET)!;
      expect(decodeWith(ServerNetworkData, network).channelIdArray).to.deep.equal([0xffff, 0xfffe, 1006, 0xfffd]);
    });

    it('a client without them has the desktop', () => {
      const initial = Uint8Array.from(captured('MCS ConnectInitial'));
      initial.set(Buffer.from('another'), toHex(initial).indexOf(toHex(Buffer.from('drdynvc'))) / 2);
      const session = new Session().client(CONNECTION_REQUEST, initial, ...INSIDE_TLS.slice(1));
      expect(session.events.at(-1)).to.deep.equal({ type: 'established', hasChannels: false });
      const count = session.toClient.length;
      session.take(session.proxy.fromProxy([[OWN_DATA]]));
      expect(session.toClient.length).to.equal(count);
    });
  });

  describe('ends', () => {
    it('with a client that offers no TLS', () => {
      const session = new Session().client(fromHex('0300000b06e00000000000'));
      expect(session.failure).to.include('switch TLS security on there');
      expect(toHex(session.toClient[0]!)).to.equal('030000130ed000001234000300080001000000');
      expect(session.toServer).to.deep.equal([]);
    });

    it('where the server wants what is not there', () => {
      for (const [negotiation, problem] of [
        [{ type: 'failure', failureCode: 5 }, 'network level authentication'],
        [{ type: 'response', flags: 0, selectedProtocol: 2 }, 'protocol 2 was not offered'],
        [undefined, 'the old RDP security'],
      ] as const) {
        const confirm = negotiation === undefined ? {} : { negotiation };
        expect(new Session({ confirm }).client(CONNECTION_REQUEST).failure).to.include(problem);
      }
    });

    it('for a user that is not admitted: the client is told, and the server never hears its name', () => {
      const session = new Session({ admits: false }).client(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS);
      expect(session.failure).to.equal('wrong user name or password');
      const names = session.toClient.slice(-3).map(nameOf);
      expect(names).to.deep.equal(['licence', 'data 0x2f', 'DISCONNECT_PROVIDER_ULTIMATUM']);
      const info = toHex(UP_TO_CREDENTIALS.at(-1)!);
      expect(session.toServer.map((each) => toHex(each))).to.not.include(info);
      expect(nameOf(session.toServer.at(-1)!)).to.equal('DISCONNECT_PROVIDER_ULTIMATUM');
    });

    it('for a client that sends something else before its user', () => {
      const session = new Session().client(CONNECTION_REQUEST, ...UP_TO_CREDENTIALS.slice(0, -1));
      expect(session.client(sent(1004, fromHex('0100000003000000aa'))).failure).to.include('the user comes first');
    });

    it('for packets that come before their time', () => {
      const early = new Session();
      early.fromServer(tpktPacket([fromHex('02f080')]));
      expect(early.failure).to.include('nothing was asked of it');
      const waiting = new RdpProxyConnection(false);
      const [request] = framed(CONNECTION_REQUEST);
      waiting.fromClient(request!);
      const { events } = waiting.fromClient(request!);
      expect(events.map(({ type }) => type)).to.deep.equal(['finished']);
    });

    it('from here: both ends are told, once', () => {
      const session = established();
      const { toClient, toServer } = session.proxy.end();
      const reason = 1;
      const ultimatum = toHex(mcs({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason }));
      expect([toClient, toServer].map((each) => each.map((packet) => toHex(bytesOf(packet))))).to.deep.equal([
        [ultimatum],
        [ultimatum],
      ]);
      expect(session.proxy.end().toClient).to.deep.equal([]);
      const [packet] = framed(FAST_PATH);
      expect(session.proxy.fromClient(packet!)).to.deep.equal({ toClient: [], toServer: [], events: [] });
    });

    it('with a UsageError for commands out of their order', () => {
      const proxy = new RdpProxyConnection(false);
      expect(() => proxy.serverSecured()).to.throw(UsageError);
      expect(() => proxy.clientSecured()).to.throw(UsageError);
      expect(() => proxy.admit(true)).to.throw(UsageError);
    });

    it('with an event, and nothing else, whatever packets are like', () => {
      const all = [CONNECTION_REQUEST, ...INSIDE_TLS];
      fc.assert(
        fc.property(fc.nat(all.length - 1), fc.nat(600), fc.nat(255), (count, at, byte) => {
          const session = new Session().client(...all.slice(0, count));
          const spoilt = Uint8Array.from(all[count]!);
          const offset = 4 + (at % (spoilt.byteLength - 4));
          spoilt[offset] = byte;
          // The server behind may find it wrong, too; only the proxy is looked at.
          for (const each of framed(spoilt)) session.proxy.fromClient(each);
          const [header] = framed(spoilt);
          session.proxy.fromServer(header!);
        }),
        { numRuns: 200 },
      );
    });
  });
});

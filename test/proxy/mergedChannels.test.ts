import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, ProtocolError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import { MergedChannels, type MergeStep, OWN_CHANNEL_ID_BASE } from '../../src/proxy/mergedChannels.ts';

const OWN = OWN_CHANNEL_ID_BASE + 1;
const CHARGES = { priorityCharge0: 0, priorityCharge1: 0, priorityCharge2: 0, priorityCharge3: 0 };

/** The one chunk of a PDU. */
function chunk(pdu: DvcPdu): Uint8Array {
  const [first = []] = new StaticChannel().send(encodeDvcPdu(pdu));
  return Uint8Array.from(joinParts(first));
}

const capabilities = (version: 1 | 2 | 3): Uint8Array =>
  version === 1
    ? chunk({ name: 'DYNVC_CAPS_VERSION1' })
    : version === 2
      ? chunk({ name: 'DYNVC_CAPS_VERSION2', ...CHARGES })
      : chunk({ name: 'DYNVC_CAPS_VERSION3', version, ...CHARGES });
const answer = (version: number) => chunk({ name: 'DYNVC_CAPS_RSP', version });
const data = (channelId: number, bytes = 'aabb') => chunk({ name: 'DYNVC_DATA', channelId, data: fromHex(bytes) });
const create = (channelId: number) => chunk({ name: 'DYNVC_CREATE_REQ', channelId, priority: 0, channelName: 'X' });
const created = (channelId: number, creationStatus = 0) =>
  chunk({ name: 'DYNVC_CREATE_RSP', channelId, creationStatus });
const close = (channelId: number) => chunk({ name: 'DYNVC_CLOSE', channelId });
/** A chunk of 2 bytes of data of a message of `length`. */
const piece = (flags: number, text: string, length = 6) =>
  fromHex(`0${length}000000 0${flags}000000 ${text}`.replaceAll(' ', ''));
const FIRST = 1;
const MIDDLE = 0;
const LAST = 2;

const hex = (chunks: readonly Parts[]) => chunks.map((each) => toHex(joinParts(each)));

/** A step as text: what is left out is empty, or does not pass. */
function shown(step: Partial<MergeStep>): object {
  const { passes = false, toClient = [], toServer = [], toProxy = [] } = step;
  return {
    ...(passes && { passes }),
    ...(toClient.length > 0 && { toClient: hex(toClient) }),
    ...(toServer.length > 0 && { toServer: hex(toServer) }),
    ...(toProxy.length > 0 && { toProxy: toProxy.map((each) => toHex(each)) }),
  };
}

describe('drdynvc with two servers behind it ([MS-RDPEDYC])', () => {
  let merged: MergedChannels;
  beforeEach(() => (merged = new MergedChannels()));

  const server = (bytes: Uint8Array) => shown(merged.server(bytes));
  const client = (bytes: Uint8Array) => shown(merged.client(bytes));
  const proxy = (...chunks: Uint8Array[]) => shown(merged.proxy(chunks.map((each) => [each])));
  const text = (bytes: Uint8Array) => toHex(bytes);

  describe('capabilities: the client is asked once', () => {
    it('by the server first: its PDU passes, and the answer goes to both', () => {
      expect(server(capabilities(3))).to.deep.equal({ passes: true });
      expect(proxy(capabilities(3))).to.deep.equal({});
      expect(client(answer(3))).to.deep.equal({ passes: true, toProxy: [text(answer(3))] });
    });

    it('by the server alone: the proxy that comes later gets the same answer', () => {
      server(capabilities(2));
      expect(client(answer(2))).to.deep.equal({ passes: true });
      expect(proxy(capabilities(3))).to.deep.equal({ toProxy: [text(answer(2))] });
    });

    it('by the proxy first, in version 2: in version 3 the client could compress for a server that cannot undo it', () => {
      expect(proxy(capabilities(3))).to.deep.equal({ toClient: [text(capabilities(2))] });
      expect(client(answer(2))).to.deep.equal({ toProxy: [text(answer(2))] });
    });

    for (const [asked, answered] of [
      [1, 1],
      [2, 2],
      [3, 2],
    ] as const) {
      it(`by the proxy first: a server that asks for version ${asked}, before or after the answer, gets ${answered}`, () => {
        proxy(capabilities(3));
        expect(server(capabilities(asked))).to.deep.equal({});
        // Some clients answer the highest that they know.
        const both = { toServer: [text(answer(answered))], toProxy: [text(answer(3))] };
        expect(client(answer(3))).to.deep.equal(both);
        expect(server(capabilities(asked))).to.deep.equal({ toServer: [text(answer(answered))] });
      });
    }

    it('an answer to nothing is for the server to judge', () => {
      expect(client(answer(2))).to.deep.equal({ passes: true });
    });
  });

  it('what is between client and server passes, whatever it is', () => {
    for (const each of [create(1), data(1), data(300), data(70_000), data(0xffff_ffff), close(1)]) {
      expect(server(each)).to.deep.equal({ passes: true });
    }
    for (const each of [created(1), created(2, -1), data(1), data(70_000), close(1)]) {
      expect(client(each)).to.deep.equal({ passes: true });
    }
    const softSync = piece(FIRST + LAST, '8000 0a000000', 6);
    const noPdu = piece(FIRST + LAST, 'f3', 1);
    for (const each of [softSync, noPdu]) expect(server(each)).to.deep.equal({ passes: true });
    for (const each of [softSync, noPdu]) expect(client(each)).to.deep.equal({ passes: true });
  });

  it("the proxy's channels are the client's and the proxy's alone", () => {
    for (const each of [create(OWN), data(OWN), close(OWN)]) {
      expect(proxy(each)).to.deep.equal({ toClient: [text(each)] });
    }
    for (const each of [created(OWN), data(OWN), close(OWN)]) {
      expect(client(each)).to.deep.equal({ toProxy: [text(each)] });
    }
  });

  it('a server that wants one of the ids of the proxy is refused, as by a client, and what it sends there is for nobody', () => {
    expect(server(create(OWN))).to.deep.equal({ toServer: [text(created(OWN, 0x8000_4005 | 0))] });
    expect(server(data(OWN))).to.deep.equal({});
    const [first, middle, last] = [piece(FIRST, '3201000070'), piece(MIDDLE, '00'), piece(LAST, '00')];
    for (const each of [first, middle, last]) expect(server(each)).to.deep.equal({});
    expect(server(data(OWN_CHANNEL_ID_BASE))).to.deep.equal({ passes: true });
    expect(server(data(OWN_CHANNEL_ID_BASE + 0xffff))).to.deep.equal({});
    expect(server(data(OWN_CHANNEL_ID_BASE + 0x1_0000))).to.deep.equal({ passes: true });
  });

  it('a server that has USB redirection of its own is told that the client has none, until the proxy is gone', () => {
    const createNamed = (channelName: string) =>
      chunk({ name: 'DYNVC_CREATE_REQ', channelId: 7, priority: 0, channelName });
    expect(server(createNamed('URBDRC'))).to.deep.equal({ toServer: [text(created(7, 0x8000_4005 | 0))] });
    for (const name of ['URBDRC2', 'URBDR', 'rdpgfx']) {
      expect(server(createNamed(name))).to.deep.equal({ passes: true });
    }
    merged.detach();
    expect(server(createNamed('URBDRC'))).to.deep.equal({ passes: true });
  });

  it("nothing is sent into the middle of the other's message ([MS-RDPBCGR] 3.1.5.2.2)", () => {
    expect(server(piece(FIRST, '3001'))).to.deep.equal({ passes: true });
    expect(proxy(data(OWN))).to.deep.equal({});
    expect(merged.isHolding).to.equal(true);
    expect(server(piece(MIDDLE, '0000'))).to.deep.equal({ passes: true });
    expect(proxy(close(OWN))).to.deep.equal({});
    expect(server(piece(LAST, '0000'))).to.deep.equal({
      passes: true,
      toClient: [text(data(OWN)), text(close(OWN))],
    });
    expect(merged.isHolding).to.equal(false);

    expect(client(piece(FIRST, '3001'))).to.deep.equal({ passes: true });
    expect(server(create(OWN))).to.deep.equal({});
    expect(client(piece(LAST, '0000'))).to.deep.equal({
      passes: true,
      toServer: [text(created(OWN, 0x8000_4005 | 0))],
    });
  });

  it('a message in chunks goes where its first chunk says', () => {
    const chunks = [piece(FIRST, '3201000070'), piece(MIDDLE, '30'), piece(LAST, '01')];
    for (const each of chunks) expect(client(each)).to.deep.equal({ toProxy: [text(each)] });
    // A chunk without either flag is a message of its own; suspend and resume are none.
    expect(client(piece(MIDDLE, '3001', 2))).to.deep.equal({ passes: true });
    expect(client(fromHex('0000000020000000'))).to.deep.equal({ passes: true });
    expect(client(data(OWN))).to.deep.equal({ toProxy: [text(data(OWN))] });
  });

  it('keeps at most 64 answers while the client does not end its message', () => {
    client(piece(FIRST, '3001'));
    for (let count = 0; count < 64; count += 1) server(create(OWN + count));
    expect(() => server(create(OWN))).to.throw(ProtocolError, '64 answers wait already');
  });

  it('without the proxy, its channels are closed, those alone that there are, and what comes for them is for nobody', () => {
    proxy(...[1, 2, 3, 4].map((index) => create(OWN_CHANNEL_ID_BASE + index)));
    client(created(OWN_CHANNEL_ID_BASE + 1));
    client(created(OWN_CHANNEL_ID_BASE + 2, -1));
    client(close(OWN_CHANNEL_ID_BASE + 3));
    const closes = [1, 4].map((index) => text(close(OWN_CHANNEL_ID_BASE + index)));
    expect(hex(merged.detach())).to.deep.equal(closes);
    expect(client(data(OWN))).to.deep.equal({});
    expect(proxy(data(OWN))).to.deep.equal({});
    expect(client(data(1))).to.deep.equal({ passes: true });
    expect(server(data(1))).to.deep.equal({ passes: true });
  });

  it('closes them only after the message that the server is sending', () => {
    proxy(create(OWN));
    server(piece(FIRST, '3001'));
    expect(merged.detach()).to.deep.equal([]);
    expect(server(piece(LAST, '0000'))).to.deep.equal({ passes: true, toClient: [text(close(OWN))] });
  });

  describe('refuses what cannot be told apart', () => {
    for (const [what, bytes, problem] of [
      ['a compressed chunk', '0200000003002000 3001', 'switch compression off'],
      ['a first chunk that ends before the id', '0600000001000000 3201', 'ends before ChannelId'],
      ['a first chunk that ends before the version', '0400000001000000 5000', 'ends before Version'],
      ['the rest of a message that was not begun', '0600000002000000 3001', 'was not begun'],
    ] as const) {
      it(what, () => {
        const chunkOf = fromHex(bytes.replaceAll(' ', ''));
        expect(() => merged.client(chunkOf)).to.throw(ProtocolError, problem);
        expect(() => merged.server(chunkOf)).to.throw(ProtocolError, problem);
      });
    }

    it('a message within a message', () => {
      server(piece(FIRST, '3001'));
      expect(() => server(piece(FIRST, '3001'))).to.throw(ProtocolError, 'the message before it is not complete');
    });

    it('a chunk without its header', () => {
      expect(() => server(fromHex('0200'))).to.throw(DecodeError, 'CHANNEL_PDU_HEADER.length');
    });
  });

  it('whatever the ends send, nothing else is thrown', () => {
    const pdus = [capabilities(2), answer(2), create(1), create(OWN), created(OWN), data(1), data(OWN), close(OWN)];
    const anyChunk = fc.oneof(
      fc.constantFrom(...pdus),
      fc
        .tuple(fc.constantFrom(FIRST, MIDDLE, LAST, FIRST + LAST), fc.uint8Array({ maxLength: 8 }))
        .map(([flags, bytes]) => Uint8Array.from([bytes.byteLength, 0, 0, 0, flags, 0, 0, 0, ...bytes])),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('server' as const, 'client' as const), anyChunk), { maxLength: 40 }),
        (inputs) => {
          const each = new MergedChannels();
          for (const [end, bytes] of inputs) {
            try {
              each[end](bytes);
            } catch (error) {
              if (!(error instanceof ProtocolError)) throw error;
              return;
            }
            each.proxy([[data(OWN)]]);
          }
        },
      ),
    );
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { byteLength, joinParts, type Parts } from '../../codecs/core/parts.ts';
import { encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { ChannelFlag, ChannelPdu } from '../../codecs/svc/channelPduHeader.ts';
import { Drdynvc, type DrdynvcOptions } from '../../src/channels/drdynvc.ts';
import type { DynamicChannelEvent } from '../../src/channels/dynamicChannelOptions.ts';
import { fragmentMessage } from '../../src/channels/fragmentation.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import type { Step } from '../../src/channels/machine.ts';
import { plain } from './dynamicChannelPeers.ts';

const { CHANNEL_FLAG_FIRST: FIRST, CHANNEL_FLAG_LAST: LAST, CHANNEL_FLAG_SHOW_PROTOCOL: SHOW } = ChannelFlag;
const CLIENT: DrdynvcOptions = { role: 'client', listeners: (name) => name === 'URBDRC' };

/** Both ends, with channel 1 open. */
function pair(limits = {}, largePdus = { server: false, client: false }): { server: Drdynvc; client: Drdynvc } {
  const server = new Drdynvc({ role: 'server', limits, largePdus: largePdus.server });
  const client = new Drdynvc({ ...CLIENT, limits, largePdus: largePdus.client });
  const exchange = (step: Pick<Step<DynamicChannelEvent>, 'outgoing'>, from: Drdynvc, to: Drdynvc) => {
    for (const chunk of step.outgoing) exchange(to.receive(joinParts(chunk).slice()), to, from);
  };
  client.start(0);
  exchange(server.start(0), server, client);
  exchange(server.create('URBDRC', 0)!, server, client);
  expect([server.channelState(1), client.channelState(1)]).to.deep.equal(['open', 'open']);
  return { server, client };
}

function chunksOf(end: Drdynvc, message: Parts): Parts[] {
  const chunks: Parts[] = [];
  end.send(1, message, chunks);
  return chunks;
}

function receiveAll(end: Drdynvc, chunks: readonly Parts[]): DynamicChannelEvent[] {
  return chunks.flatMap((chunk) => end.receive(joinParts(chunk).slice()).events);
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 31);
}

describe('Drdynvc', () => {
  it('opens channels, passes messages and closes, chunks in and chunks out', () => {
    const { server, client } = pair();
    const [event, ...others] = receiveAll(client, chunksOf(server, [Uint8Array.of(1), Uint8Array.of(2, 3)]));
    expect(others).to.deep.equal([]);
    expect(plain(event!)).to.deep.equal({ type: 'message', channelId: 1, payload: '010203' });
    const closed = receiveAll(client, server.close(1).outgoing);
    expect(closed.map(plain)).to.deep.equal([{ type: 'closed', channelId: 1, by: 'peer' }]);
    expect(() => chunksOf(server, [Uint8Array.of(1)])).to.throw('channel 1 is closing: 1 bytes not sent');
  });

  it('sends the chunks of the PDUs of a message, for any sizes', () => {
    const { server } = pair();
    const sizes = [1, 1588, 1589, 1590, 1591, 1594, 1595, 1596, 1597, 1596 + 1598, 1596 + 1598 + 1, 65536, 70_000];
    for (const size of sizes) {
      const message = [pattern(size).subarray(0, 36), pattern(size).subarray(36)];
      const twice = new StaticChannel().sendAll(fragmentMessage(1, message));
      const hex = (chunks: readonly Parts[]) => chunks.map((chunk) => toHex(joinParts(chunk)));
      expect(hex(chunksOf(server, message)), `${size}`).to.deep.equal(hex(twice));
    }
  });

  it('gives the message that was sent, in one chunk for a block or in many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 3, max: 1600 }), (size, chunkSize) => {
        const { server, client } = pair();
        const message = pattern(size);
        const expected = [{ type: 'message', channelId: 1, payload: toHex(message) }];
        expect(receiveAll(client, chunksOf(server, [message])).map(plain)).to.deep.equal(expected);
        const cut = new StaticChannel({ chunkSize }).sendAll(fragmentMessage(1, [message]));
        expect(receiveAll(client, cut).map(plain)).to.deep.equal(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('cuts messages into blocks of 16 KiB where both ends said that they take them', () => {
    const { server, client } = pair({}, { server: true, client: true });
    for (const [from, to] of [[server, client] as const, [client, server] as const]) {
      const message = pattern(65_536 + 36);
      const chunks = chunksOf(from, [message]);
      expect(chunks.map(byteLength)).to.deep.equal([...new Array<number>(4).fill(8 + 16_384), 8 + 2 + 48]);
      expect(receiveAll(to, chunks).map(plain)).to.deep.equal([
        { type: 'message', channelId: 1, payload: toHex(message) },
      ]);
      expect(chunksOf(from, [pattern(16_374)]).length).to.equal(1);
      expect(chunksOf(from, [pattern(16_381)]).length).to.equal(2);
    }
  });

  it('keeps to 1600 bytes with a peer that did not say so, and does not say so to one', () => {
    for (const largePdus of [
      { server: true, client: false },
      { server: false, client: true },
    ]) {
      const { server, client } = pair({}, largePdus);
      for (const end of [server, client]) {
        expect(Math.max(...chunksOf(end, [pattern(5000)]).map(byteLength))).to.equal(8 + 1600);
      }
    }
    const client = new Drdynvc({ ...CLIENT, largePdus: true });
    client.start(0);
    const capabilities = encodeDvcPdu({ name: 'DYNVC_CAPS_VERSION1' });
    const [answer] = client.receive(joinParts(new StaticChannel().send(capabilities)[0]!)).outgoing;
    expect(toHex(joinParts(answer!)).slice(16)).to.equal('50000100');
  });

  it('gives a view of the chunk for a message of one block', () => {
    const { server, client } = pair();
    const [chunk] = chunksOf(server, [Uint8Array.of(5, 6)]);
    const bytes = joinParts(chunk!);
    const [event] = client.receive(bytes).events;
    expect(event?.type === 'message' && event.payload.buffer === bytes.buffer).to.equal(true);
  });

  it('ignores SHOW_PROTOCOL and Sp of a block', () => {
    const { client } = pair();
    const chunk = ChannelPdu.encode({ length: 4, flags: FIRST | LAST | SHOW, data: fromHex('3c01aabb') });
    expect(client.receive(joinParts(chunk)).events.map(plain)).to.deep.equal([
      { type: 'message', channelId: 1, payload: 'aabb' },
    ]);
  });

  // Each is a block but for one thing, and has to meet the same rule as any other chunk.
  const whole = { length: 3, flags: FIRST | LAST, data: fromHex('3001aa') };
  const unusual: readonly (readonly [string, Parameters<typeof ChannelPdu.encode>[0], string])[] = [
    ['announces another length', { ...whole, length: 4 }, 'length: 4 bytes, the chunks hold 3'],
    ['announces a length of 2^24 and more', { ...whole, length: 0x0100_0003 }, 'at most 65536 are accepted'],
    ['announces a length of 2^16 and more', { ...whole, length: 0x0001_0003 }, 'at most 65536 are accepted'],
    ['is compressed', { ...whole, flags: whole.flags | ChannelFlag.CHANNEL_PACKET_COMPRESSED }, 'compressed'],
  ];
  for (const [name, chunk, problem] of unusual) {
    it(`fails for a chunk that ${name}, and takes nothing afterwards`, () => {
      const { client } = pair();
      const [event, ...others] = client.receive(joinParts(ChannelPdu.encode(chunk))).events;
      expect(others).to.deep.equal([]);
      expect(event?.type === 'failed' && event.error.message).to.contain(problem);
      expect(client.channelState(1)).to.equal('closed');
      expect(client.receive(joinParts(ChannelPdu.encode(whole)))).to.deep.equal({ outgoing: [], events: [] });
    });
  }

  it('fails for a whole chunk inside of a message of the static channel', () => {
    const { client } = pair();
    client.receive(joinParts(ChannelPdu.encode({ length: 9, flags: FIRST, data: fromHex('3001') })));
    const [event] = client.receive(joinParts(ChannelPdu.encode(whole))).events;
    expect(event?.type === 'failed' && event.error.message).to.contain('the message before it is not complete');
  });

  it('closes only the channel whose blocks are more than was announced, or more than is accepted', () => {
    const { server, client } = pair({ maximumMessageSize: 2000 });
    const first = encodeDvcPdu({ name: 'DYNVC_DATA_FIRST', channelId: 1, length: 3, data: Uint8Array.of(1) });
    const next = encodeDvcPdu({ name: 'DYNVC_DATA', channelId: 1, data: Uint8Array.of(2, 3, 4) });
    const [event] = receiveAll(client, server.sendPdus([first, next]));
    expect(event?.type === 'closed' && event.by === 'fault' && event.error.message).to.contain('4 bytes came');
    const large = encodeDvcPdu({ name: 'DYNVC_DATA', channelId: 1, data: pattern(2001) });
    const other = pair({ maximumMessageSize: 2000 });
    const [second] = receiveAll(other.client, new StaticChannel({ chunkSize: 4000 }).sendAll([large]));
    expect(second?.type === 'closed' && second.by === 'fault' && second.error.message).to.contain('at most 2000');
  });

  it('ignores a block for a channel that is not open', () => {
    const { client } = pair();
    const chunk = ChannelPdu.encode({ length: 3, flags: FIRST | LAST, data: fromHex('3007aa') });
    expect(client.receive(joinParts(chunk)).events.map(({ type }) => type)).to.deep.equal(['ignored']);
  });

  it('never throws, and never gives more than the limit', () => {
    const flags = fc.constantFrom(0, FIRST, LAST, FIRST | LAST, FIRST | LAST | SHOW);
    const data = fc.oneof(
      fc
        .tuple(fc.constantFrom(0x30, 0x20, 0x24, 0x31, 0x3c, 0x40, 0x50), fc.constantFrom(1, 0, 3))
        .chain(([head, id]) => fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.of(head, id, ...rest))),
      fc.uint8Array({ maxLength: 40 }),
    );
    const chunks = fc
      .tuple(data, flags, fc.constantFrom(0, 0, 0, 1, -1))
      .map(([bytes, flag, more]) => ({ length: Math.max(0, bytes.length + more), flags: flag, data: bytes }));
    fc.assert(
      fc.property(fc.array(chunks, { maxLength: 30 }), (inputs) => {
        const { client } = pair({ maximumMessageSize: 30 });
        for (const input of inputs) {
          for (const event of client.receive(joinParts(ChannelPdu.encode(input))).events) {
            if (event.type === 'message') expect(event.payload.length).to.be.at.most(30);
          }
        }
      }),
    );
  });
});

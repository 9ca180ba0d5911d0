import { expect } from 'chai';
import { toHex } from '../../codecs/core/json.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { FIRST_ALLOCATION } from '../../src/channels/reassembly.ts';
import { MessageMemory } from '../../src/channels/reassemblyBudget.ts';
import { sameBytes } from '../../src/conformance/bytes.ts';
import { loadVectors } from '../codecs/vectors.ts';
import { PoisonedPool } from '../poisonedPool.ts';
import { errorOf, feed, openClient, openServer, type PlainStep } from './dynamicChannelPeers.ts';

const DELIVERED = (channelId: number, payload: string): PlainStep => ({
  events: [{ type: 'message', channelId, payload }],
  outgoing: [],
});
const NOTHING: PlainStep = { events: [], outgoing: [] };

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 17 + (index >> 8));
}

function first(channelId: number, length: number, data: Uint8Array): DvcPdu {
  return { name: 'DYNVC_DATA_FIRST', channelId, length, data };
}

function next(channelId: number, data: Uint8Array): DvcPdu {
  return { name: 'DYNVC_DATA', channelId, data };
}

function sample(folder: string, file: string): string {
  return loadVectors('dvc', (name) => name === folder).find((vector) => vector.file.endsWith(`/${file}`))!.hex;
}

describe('reassembly (MS-RDPEDYC 3.1.5.1.4)', () => {
  it('delivers a message whatever the two places where it is cut, one way and the other', () => {
    const message = pattern(40);
    for (const channels of [openClient(), openServer()]) {
      for (let a = 0; a <= 40; a++) {
        for (let b = a; b <= 40; b++) {
          const steps = [
            feed(channels, first(1, 40, message.subarray(0, a))),
            ...(a < 40 ? [feed(channels, next(1, message.subarray(a, b)))] : []),
            ...(b < 40 ? [feed(channels, next(1, message.subarray(b)))] : []),
          ];
          expect(steps.at(-1)).to.deep.equal(DELIVERED(1, toHex(message)));
          for (const step of steps.slice(0, -1)) expect(step).to.deep.equal(NOTHING);
        }
      }
      expect(channels.reassemblyBytes).to.equal(0);
    }
  });

  it('delivers a message that comes byte by byte', () => {
    const client = openClient();
    feed(client, first(1, 300, new Uint8Array(0)));
    const message = pattern(300);
    const steps = [...message].map((byte) => feed(client, next(1, Uint8Array.of(byte))));
    expect(steps.flatMap(({ events }) => events)).to.deep.equal(DELIVERED(1, toHex(message)).events);
  });

  it('delivers single blocks of any size at once, also empty ones', () => {
    const client = openClient();
    for (const size of [0, 1, 1590, 1591, 1598, 1599]) {
      expect(feed(client, next(1, pattern(size)))).to.deep.equal(DELIVERED(1, toHex(pattern(size))));
    }
    expect(feed(client, first(1, 0, new Uint8Array(0)))).to.deep.equal(DELIVERED(1, ''));
  });

  it('gives a view where a message came in one block', () => {
    const client = openClient();
    for (const pdu of [next(1, pattern(9)), first(1, 9, pattern(9))]) {
      const bytes = joinParts(encodeDvcPdu(pdu));
      const [event] = client.receive(bytes).events;
      expect(event?.type === 'message' && event.payload.buffer).to.equal(bytes.buffer);
    }
  });

  it('puts a message together in a buffer that was given back, and in new ones where there is none', () => {
    const buffers = new PoisonedPool();
    const client = openClient([1], { messageMemory: new MessageMemory(1 << 26, buffers) });
    const size = 3 * FIRST_ALLOCATION;
    const message = pattern(size);
    const receive = () => {
      feed(client, first(1, size, message.subarray(0, 100)));
      expect(client.reassemblyBytes).to.equal(buffers.returned > 2 ? size : FIRST_ALLOCATION);
      const bytes = joinParts(encodeDvcPdu(next(1, message.subarray(100))));
      const [event] = client.receive(bytes).events;
      if (event?.type !== 'message') throw new Error('no message');
      expect(sameBytes(event.payload, message)).to.equal(true);
      expect(client.reassemblyBytes).to.equal(0);
      return event.payload;
    };
    const kept = receive();
    const before = buffers.returned;
    const second = receive();
    expect(second.buffer).not.to.equal(kept.buffer);
    expect(sameBytes(kept, message)).to.equal(true);
    for (let time = 0; time < 3; time += 1) expect(buffers.giveBack(second)).to.equal(time === 0);
    expect(buffers.returned).to.be.above(before);
    expect(receive().buffer).to.equal(second.buffer);
  });

  it('gives the buffers of messages back that never become whole', () => {
    const buffers = new PoisonedPool();
    const client = openClient([1, 2], { messageMemory: new MessageMemory(1 << 26, buffers) });
    feed(client, first(1, 1000, pattern(10)));
    feed(client, first(2, 1000, pattern(10)));
    feed(client, { name: 'DYNVC_CLOSE', channelId: 1 });
    expect(buffers.returned).to.equal(1);
    client.dispose();
    expect(buffers.returned).to.equal(2);
  });

  it('keeps interleaved channels apart', () => {
    const client = openClient([1, 2, 300]);
    expect(feed(client, first(1, 4, Uint8Array.of(1, 2)))).to.deep.equal(NOTHING);
    expect(feed(client, first(300, 3, Uint8Array.of(7)))).to.deep.equal(NOTHING);
    expect(feed(client, next(2, Uint8Array.of(5)))).to.deep.equal(DELIVERED(2, '05'));
    expect(feed(client, next(1, Uint8Array.of(3, 4)))).to.deep.equal(DELIVERED(1, '01020304'));
    expect(feed(client, next(300, Uint8Array.of(8, 9)))).to.deep.equal(DELIVERED(300, '070809'));
  });

  it('closes the channel, and no other, when more comes than was announced', () => {
    const client = openClient([1, 2]);
    feed(client, first(1, 3, Uint8Array.of(1, 2)));
    const step = feed(client, next(1, Uint8Array.of(3, 4)));
    expect(errorOf(step, 'closed')).to.equal(
      'DYNVC_DATA.Data: 4 bytes came for a message of 3 (offset 2, [MS-RDPEDYC] 3.1.5.1.4)',
    );
    expect(step.events[0]).to.include({ channelId: 1, by: 'fault' });
    expect(step.outgoing).to.deep.equal(['4001']);
    expect(client.reassemblyBytes).to.equal(0);
    expect(client.channelState(1)).to.equal('closed');
    expect(feed(client, next(2, Uint8Array.of(1)))).to.deep.equal(DELIVERED(2, '01'));
    expect(errorOf(feed(openServer(), first(1, 1, Uint8Array.of(1, 2))), 'closed')).to.contain('2 bytes came');
  });

  it('closes the channel when a message starts inside another', () => {
    const server = openServer();
    feed(server, first(1, 3, Uint8Array.of(1, 2)));
    const step = feed(server, first(1, 3, Uint8Array.of(1, 2)));
    expect(errorOf(step, 'closed')).to.equal(
      'DYNVC_DATA_FIRST in state receiving: the message before it is not complete, 2 of 3 bytes came ([MS-RDPEDYC] 3.1.5.1.4)',
    );
    expect(step.outgoing).to.deep.equal(['4001']);
    expect(server.channelState(1)).to.equal('closing');
    expect(server.reassemblyBytes).to.equal(0);
  });
});

describe('compressed data (MS-RDPEDYC 3.1.5.1.4, 4.3.3, 4.3.4)', () => {
  const samples = [
    sample('DYNVC_DATA_FIRST_COMPRESSED', 'sample'),
    sample('DYNVC_DATA_COMPRESSED', 'sample-middle'),
    sample('DYNVC_DATA_COMPRESSED', 'sample-last'),
  ];

  it('puts the samples together: 3195 times 0x71', () => {
    const client = openClient([3]);
    const steps = samples.map((hex) => feed(client, hex));
    expect(steps).to.deep.equal([NOTHING, NOTHING, DELIVERED(3, '71'.repeat(3195))]);
  });

  it('mixes compressed and plain blocks, of which plain ones leave the history alone', () => {
    const client = openClient([3]);
    feed(client, samples[0]!);
    // A plain block in the middle, then a match that only the history of the first block makes possible.
    feed(client, next(3, new Uint8Array(1597).fill(0x55)));
    const step = feed(client, '70 03 e026 88 40 05');
    // 10001 00001 (distance 1) 0 (length 3): three more 0x71.
    expect(step).to.deep.equal(DELIVERED(3, '71'.repeat(1595) + '55'.repeat(1597) + '71'.repeat(3)));
  });

  it('takes a compressed block behind a plain first one, and raw segments into the history', () => {
    const client = openClient([3]);
    expect(feed(client, '70 03 e006 aabbcc')).to.deep.equal(DELIVERED(3, 'aabbcc'));
    feed(client, first(3, 4, Uint8Array.of(1)));
    expect(feed(client, '70 03 e026 88 c0 05')).to.deep.equal(DELIVERED(3, '01aabbcc'));
  });

  it('keeps one history for each channel', () => {
    const client = openClient([3, 4]);
    feed(client, '70 03 e006 aabbcc');
    const step = feed(client, '70 04 e026 88 c0 05');
    expect(errorOf(step, 'closed')).to.contain('distance 3, and the history goes back 0 bytes');
    expect(step.outgoing).to.deep.equal(['4004']);
    expect(feed(client, '70 03 e026 88 c0 05')).to.deep.equal(DELIVERED(3, 'aabbcc'));
  });

  it('keeps a history of 8192 bytes over any number of segments', () => {
    const client = openClient([3]);
    const sent: number[] = [];
    for (let round = 0; round < 60; round++) {
      const block = Array.from({ length: 1500 }, (_, index) => (index * 7 + round) & 0xff);
      sent.push(...block);
      feed(client, { name: 'DYNVC_DATA_COMPRESSED', channelId: 3, data: Uint8Array.from([0xe0, 0x06, ...block]) });
      if (sent.length < 8192) continue;
      // 101100 and 14 bits: distance 5792 + 2400 = 8192; then 0: length 3.
      const expected = sent.slice(-8192, -8189);
      const bits = `101100${(2400).toString(2).padStart(14, '0')}0000`;
      const bytes = bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2));
      const step = feed(client, {
        name: 'DYNVC_DATA_COMPRESSED',
        channelId: 3,
        data: Uint8Array.from([0xe0, 0x26, ...bytes, 3]),
      });
      expect(step).to.deep.equal(DELIVERED(3, toHex(Uint8Array.from(expected))));
      sent.push(...expected);
    }
    expect(sent.length).to.be.greaterThan(4 * 8192);
  });

  it('closes the channel for corrupt bits', () => {
    const step = feed(openClient([3]), '70 03 e026 80 00');
    expect(errorOf(step, 'closed')).to.contain(
      'DYNVC_DATA_COMPRESSED.data: a prefix that stands for nothing (offset 4',
    );
    expect(step.outgoing).to.deep.equal(['4003']);
  });

  it('closes the channel when version 2 was agreed', () => {
    const client = openClient([3], { version: 2 });
    expect(errorOf(feed(client, samples[0]!), 'closed')).to.contain('version 2 has no compressed data');
  });
});

describe('limits of what a peer may make us hold', () => {
  it('refuses a message beyond the limit before anything is allocated', () => {
    const client = openClient([1], { limits: { maximumMessageSize: 100 } });
    expect(errorOf(feed(client, first(1, 101, Uint8Array.of(1))), 'closed')).to.contain(
      'DYNVC_DATA_FIRST.Length: 101 bytes, at most 100 are accepted',
    );
    const other = openClient([1], { limits: { maximumMessageSize: 100 } });
    expect(feed(other, first(1, 100, pattern(100)))).to.deep.equal(DELIVERED(1, toHex(pattern(100))));
    expect(errorOf(feed(other, next(1, pattern(101))), 'closed')).to.contain('at most 100');
  });

  it('accepts 17 MiB and refuses 4 GiB by default', () => {
    const client = openClient([1, 2]);
    expect(feed(client, first(1, 17 * 2 ** 20, Uint8Array.of(1)))).to.deep.equal(NOTHING);
    expect(errorOf(feed(client, first(2, 0xffffffff, Uint8Array.of(1))), 'closed')).to.contain('4294967295 bytes');
  });

  it('allocates little for a peer that declares much and sends little', () => {
    const client = openClient();
    feed(client, first(1, 16 * 2 ** 20, Uint8Array.of(1)));
    expect(client.reassemblyBytes).to.equal(FIRST_ALLOCATION);
    let sent = 1;
    while (sent < 2 ** 20) {
      feed(client, next(1, new Uint8Array(1598)));
      sent += 1598;
      expect(client.reassemblyBytes).to.be.at.most(Math.max(FIRST_ALLOCATION, 2 * sent));
    }
  });

  it('allocates no more than the declared length', () => {
    const client = openClient();
    feed(client, first(1, 5000, Uint8Array.of(1)));
    expect(client.reassemblyBytes).to.equal(5000);
    feed(client, next(1, new Uint8Array(4999)));
    expect(client.reassemblyBytes).to.equal(0);
  });

  it('bounds what the unfinished messages of all channels take together', () => {
    const client = openClient([1, 2, 3], { limits: { maximumReassemblyBytes: 10_000 } });
    feed(client, first(1, 5000, Uint8Array.of(1)));
    feed(client, first(2, 5000, Uint8Array.of(1)));
    expect(errorOf(feed(client, first(3, 1000, Uint8Array.of(1))), 'closed')).to.contain('10000 bytes already');
    feed(client, '4001');
    expect(client.reassemblyBytes).to.equal(5000);
  });

  it('closes a channel whose growing message goes beyond that', () => {
    const client = openClient([1], { limits: { maximumReassemblyBytes: FIRST_ALLOCATION + 10 } });
    feed(client, first(1, 10 * FIRST_ALLOCATION, new Uint8Array(FIRST_ALLOCATION)));
    expect(errorOf(feed(client, next(1, Uint8Array.of(1))), 'closed')).to.contain(
      'unfinished messages of all channels',
    );
    expect(client.reassemblyBytes).to.equal(0);
  });

  it('takes blocks that are larger than its buffer and twice of it', () => {
    const client = openClient();
    const message = pattern(5 * FIRST_ALLOCATION);
    feed(client, first(1, message.length, message.subarray(0, 10)));
    expect(feed(client, next(1, message.subarray(10)))).to.deep.equal(DELIVERED(1, toHex(message)));
    feed(client, first(1, message.length, message.subarray(0, 2 * FIRST_ALLOCATION)));
    expect(feed(client, next(1, message.subarray(2 * FIRST_ALLOCATION)))).to.deep.equal(DELIVERED(1, toHex(message)));
  });
});

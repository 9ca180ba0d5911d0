import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DVC_PROTOCOL } from '../../../codecs/dvc/dvcProtocol.ts';
import { decodeDvcPdu, DVC_PDUS, type DvcPdu, encodeDvcPdu } from '../../../codecs/dvc/pdu.ts';
import {
  decodeErrorOf,
  messageNamed,
  testRoundTrips,
  testVectors,
  type Vector,
  vectorsOf,
  withoutVectors,
} from '../vectors.ts';

const isPdu = (folder: string) => folder.startsWith('DYNVC');
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 255, 256, 65535, 65536, 0xffffffff));
const data = fc.uint8Array({ maxLength: 100 });
const charges = { priorityCharge0: u16, priorityCharge1: u16, priorityCharge2: u16, priorityCharge3: u16 };

const sometimesLarge = <V>(value: fc.Arbitrary<V>): fc.Arbitrary<V | (V & { readonly largePdus: true })> =>
  fc.tuple(value, fc.boolean()).map(([each, isLarge]) => (isLarge ? { ...each, largePdus: true } : each));

const arbitraries: { [Name in DvcPdu['name']]: fc.Arbitrary<Extract<DvcPdu, { name: Name }>> } = {
  DYNVC_CAPS_VERSION1: sometimesLarge(fc.record({ name: fc.constant('DYNVC_CAPS_VERSION1') })),
  DYNVC_CAPS_VERSION2: sometimesLarge(fc.record({ name: fc.constant('DYNVC_CAPS_VERSION2'), ...charges })),
  DYNVC_CAPS_VERSION3: sometimesLarge(
    fc.record({
      name: fc.constant('DYNVC_CAPS_VERSION3'),
      version: fc.integer({ min: 3, max: 0xffff }),
      ...charges,
    }),
  ),
  DYNVC_CAPS_RSP: sometimesLarge(fc.record({ name: fc.constant('DYNVC_CAPS_RSP'), version: u16 })),
  DYNVC_CREATE_REQ: fc.record({
    name: fc.constant('DYNVC_CREATE_REQ'),
    channelId: u32,
    priority: fc.nat(3),
    channelName: fc
      .array(fc.integer({ min: 1, max: 255 }), { maxLength: 40 })
      .map((codes) => String.fromCharCode(...codes)),
  }),
  DYNVC_CREATE_RSP: fc.record({
    name: fc.constant('DYNVC_CREATE_RSP'),
    channelId: u32,
    creationStatus: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  }),
  DYNVC_DATA_FIRST: fc.record({ name: fc.constant('DYNVC_DATA_FIRST'), channelId: u32, length: u32, data }),
  DYNVC_DATA: fc.record({ name: fc.constant('DYNVC_DATA'), channelId: u32, data }),
  DYNVC_DATA_FIRST_COMPRESSED: fc.record({
    name: fc.constant('DYNVC_DATA_FIRST_COMPRESSED'),
    channelId: u32,
    length: u32,
    data,
  }),
  DYNVC_DATA_COMPRESSED: fc.record({ name: fc.constant('DYNVC_DATA_COMPRESSED'), channelId: u32, data }),
  DYNVC_CLOSE: fc.record({ name: fc.constant('DYNVC_CLOSE'), channelId: u32 }),
  DYNVC_SOFT_SYNC_REQUEST: fc
    .array(fc.record({ tunnelType: u32, listOfDvcIds: fc.array(u32, { maxLength: 5 }) }), { maxLength: 4 })
    .map((softSyncChannelLists) => ({
      name: 'DYNVC_SOFT_SYNC_REQUEST',
      flags: 3,
      numberOfTunnels: softSyncChannelLists.length,
      softSyncChannelLists,
    })),
  DYNVC_SOFT_SYNC_RESPONSE: fc.record({
    name: fc.constant('DYNVC_SOFT_SYNC_RESPONSE'),
    tunnelsToSwitch: fc.array(u32, { maxLength: 5 }),
  }),
};

function senderOf(name: string): 'server' | 'client' {
  return messageNamed(DVC_PROTOCOL, name).from === 'client' ? 'client' : 'server';
}

describe('DYNVC PDUs', () => {
  testVectors(
    vectorsOf(DVC_PROTOCOL, 'bytes', {
      includes: isPdu,
      outcome: (vector, length) => (length >= dataOffset(vector) ? 'decodes' : undefined),
    }),
  );

  testRoundTrips<DvcPdu>(arbitraries, encodeDvcPdu, (bytes, { name }) => decodeDvcPdu(bytes, senderOf(name)));

  it('all have a vector that decodes', () => expect(withoutVectors(DVC_PROTOCOL)).to.deep.equal([]));

  it('direction alone tells requests and responses apart (2.2)', () => {
    const created = Uint8Array.of(0x10, 7, 0, 0, 0, 0);
    expect(decodeDvcPdu(created, 'client').name).to.equal('DYNVC_CREATE_RSP');
    expect(decodeDvcPdu(created, 'server', { lenient: true }).name).to.equal('DYNVC_CREATE_REQ');
  });

  it('a codec refuses the bytes of another PDU', () => {
    for (const { command, codec } of DVC_PDUS) {
      const { name, spec } = codec;
      const other = new Uint8Array(20).fill(0);
      other[0] = (command === 3 ? 4 : 3) << 4;
      const error = decodeErrorOf(() => codec.decode(new Reader(other, name, spec)));
      expect(error?.code, name).to.equal('UNKNOWN_MESSAGE');
      expect(error?.offset, name).to.equal(0);
    }
  });

  it('a codec of capabilities refuses another version', () => {
    const versions = DVC_PDUS.map(({ codec }) => codec).filter(({ name }) => name.startsWith('DYNVC_CAPS_VERSION'));
    for (const [index, codec] of versions.entries()) {
      const { name, spec } = codec;
      const other = Uint8Array.of(0x50, 0, index === 0 ? 2 : 1, 0, ...new Array<number>(8).fill(0));
      const error = decodeErrorOf(() => codec.decode(new Reader(other, name, spec)));
      expect({ code: error?.code, offset: error?.offset }, name).to.deep.equal({ code: 'INVALID_VALUE', offset: 2 });
    }
  });

  it('gives the payload by reference, both ways', () => {
    const payload = Uint8Array.of(1, 2, 3);
    const parts = encodeDvcPdu({ name: 'DYNVC_DATA', channelId: 1, data: payload });
    expect(parts[1]).to.equal(payload);
    const bytes = Uint8Array.of(0x30, 1, 9, 9);
    const pdu = decodeDvcPdu(bytes, 'client');
    expect(pdu.name === 'DYNVC_DATA' && pdu.data.buffer).to.equal(bytes.buffer);
  });

  it('writes the smallest width of ids', () => {
    const close = (channelId: number) => toHex(joinParts(encodeDvcPdu({ name: 'DYNVC_CLOSE', channelId })));
    expect([255, 256, 65535, 65536].map(close)).to.deep.equal(['40ff', '410001', '41ffff', '4200000100']);
  });

  it('refuses to encode what a field cannot hold', () => {
    const refused: DvcPdu[] = [
      { name: 'DYNVC_CLOSE', channelId: -1 },
      { name: 'DYNVC_CLOSE', channelId: 2 ** 32 },
      { name: 'DYNVC_CREATE_REQ', channelId: 1, priority: 4, channelName: 'a' },
      { name: 'DYNVC_CREATE_REQ', channelId: 1, priority: 0, channelName: 'a\0' },
      { name: 'DYNVC_CREATE_REQ', channelId: 1, priority: 0, channelName: 'Ω' },
      { name: 'DYNVC_CREATE_RSP', channelId: 1, creationStatus: 0xc0000225 },
      {
        name: 'DYNVC_CAPS_VERSION3',
        version: 2,
        priorityCharge0: 0,
        priorityCharge1: 0,
        priorityCharge2: 0,
        priorityCharge3: 0,
      },
      {
        name: 'DYNVC_SOFT_SYNC_REQUEST',
        flags: 1,
        numberOfTunnels: 0,
        softSyncChannelLists: [{ tunnelType: 1, listOfDvcIds: [] }],
      },
    ];
    for (const pdu of refused) expect(() => encodeDvcPdu(pdu), JSON.stringify(pdu)).to.throw(UsageError);
    expect(() => encodeDvcPdu({ name: 'DYNVC_X' } as unknown as DvcPdu)).to.throw(UsageError);
  });
});

/** Where a data PDU's payload starts, which may be cut or extended at will; beyond every length for other PDUs. */
function dataOffset({ folder, hex }: Vector): number {
  const header = parseInt(hex.slice(0, 2), 16);
  const afterId = 1 + (1 << (header & 3));
  switch (folder) {
    case 'DYNVC_DATA':
    case 'DYNVC_DATA_COMPRESSED':
      return afterId;
    case 'DYNVC_DATA_FIRST':
    case 'DYNVC_DATA_FIRST_COMPRESSED':
      return afterId + (1 << ((header >> 2) & 3));
    default:
      return Infinity;
  }
}

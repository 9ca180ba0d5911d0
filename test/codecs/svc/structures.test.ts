import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import type { Parts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { ChannelDef } from '../../../codecs/svc/channelDef.ts';
import { CHANNEL_PDU_HEADER_SIZE, ChannelPdu } from '../../../codecs/svc/channelPduHeader.ts';
import { SVC_PROTOCOL } from '../../../codecs/svc/svcProtocol.ts';
import { agreedChunkSize, VirtualChannelCapabilitySet } from '../../../codecs/svc/virtualChannelCapabilitySet.ts';
import { testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });

describe('CHANNEL_DEF (2.2.1.3.4.1)', () => {
  testVectors(vectorsOf(SVC_PROTOCOL, 'folder', { includes: (folder) => folder === 'CHANNEL_DEF' }));
  testRoundTrips<ChannelDef>(
    { CHANNEL_DEF: fc.record({ name: fc.stringMatching(/^[a-zA-Z0-9_]{0,7}$/), options: u32 }) },
    (value) => ChannelDef.encode(value),
    (bytes) => ChannelDef.decode(new Reader(bytes, ChannelDef.name, ChannelDef.spec)),
  );
  it('refuses to encode a name that does not fit', () => {
    expect(() => ChannelDef.encode({ name: 'drdynvc2', options: 0 })).to.throw(UsageError, '8 characters');
    expect(() => ChannelDef.encode({ name: 'дв', options: 0 })).to.throw(UsageError, 'ANSI');
  });
});

describe('CHANNEL_PDU_HEADER (2.2.6.1.1)', () => {
  testVectors(
    vectorsOf(SVC_PROTOCOL, 'folder', {
      includes: (folder) => folder === 'CHANNEL_PDU_HEADER',
      // Whatever follows the header is data.
      outcome: (_vector, length) => (length >= CHANNEL_PDU_HEADER_SIZE ? 'decodes' : undefined),
    }),
  );
  testRoundTrips<ChannelPdu>(
    { CHANNEL_PDU_HEADER: fc.record({ length: u32, flags: u32, data: fc.uint8Array({ maxLength: 100 }) }) },
    (value) => ChannelPdu.encode(value),
    (bytes) => ChannelPdu.decode(new Reader(bytes, ChannelPdu.name, ChannelPdu.spec)),
  );
});

describe('TS_VIRTUALCHANNEL_CAPABILITYSET (2.2.7.1.10)', () => {
  const { name, spec } = VirtualChannelCapabilitySet;
  testVectors(
    vectorsOf(SVC_PROTOCOL, 'folder', { includes: (folder) => folder === 'TS_VIRTUALCHANNEL_CAPABILITYSET' }),
  );
  testRoundTrips<VirtualChannelCapabilitySet>(
    { short: fc.record({ flags: u32 }), full: fc.record({ flags: u32, vcChunkSize: u32 }) },
    (value): Parts => VirtualChannelCapabilitySet.encode(value),
    (bytes) => VirtualChannelCapabilitySet.decode(new Reader(bytes, name, spec)),
  );

  const agreed = (server?: number, client?: number) =>
    agreedChunkSize(
      server === undefined ? { flags: 0 } : { flags: 0, vcChunkSize: server },
      client === undefined ? { flags: 0 } : { flags: 0, vcChunkSize: client },
    );
  it('takes the chunk size of the server where the client has the field too', () => {
    expect(agreed(16256, 1600)).to.equal(16256);
    expect(agreed(1600, 5)).to.equal(1600);
    expect(agreed(16256)).to.equal(1600);
    expect(agreed(undefined, 16256)).to.equal(1600);
  });
  it('takes 1600 for a size that is out of range, as FreeRDP does', () => {
    expect(agreed(0, 1600)).to.equal(1600);
    expect(agreed(1599, 1600)).to.equal(1600);
    expect(agreed(16257, 1600)).to.equal(1600);
  });
});

it('every structure of static channels has a vector that decodes', () => {
  expect(withoutVectors(SVC_PROTOCOL)).to.deep.equal([]);
});

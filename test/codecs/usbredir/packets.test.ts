import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { Sender } from '../../../codecs/core/protocol.ts';
import { type UsbredirName, UsbredirType } from '../../../codecs/usbredir/header.ts';
import {
  decodeUsbredirPacket,
  encodeUsbredirPacket,
  guessCapabilities,
  judgeHead,
  type UsbredirPacket,
} from '../../../codecs/usbredir/packet.ts';
import { USBREDIR_PROTOCOL } from '../../../codecs/usbredir/usbredirProtocol.ts';
import { loadVectors, testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const text = (maxLength: number) => fc.stringMatching(new RegExp(`^[\\x01-\\xff]{0,${maxLength}}$`));
const bytes = fc.uint8Array({ maxLength: 100 });

describe('usbredir packets', () => {
  testVectors(vectorsOf(USBREDIR_PROTOCOL, 'bytes'));

  it('all have a vector that decodes', () => expect(withoutVectors(USBREDIR_PROTOCOL)).to.deep.equal([]));

  it('tell by their lengths which capabilities their layout needs', () => {
    const vectors = loadVectors('usbredir').filter(({ error }) => error === undefined);
    expect(vectors).to.have.length.above(40);
    for (const { hex, from = 'server', context, file } of vectors) {
      const packet = fromHex(hex);
      const capabilities = (context?.['capabilities'] ?? 0) as number;
      const known = decodeUsbredirPacket(packet, { from, capabilities });
      const guessed = decodeUsbredirPacket(packet, { from, capabilities: guessCapabilities(packet, from) });
      expect(guessed, file).to.deep.equal(known);
    }
  });

  it('have the numbers of usbredirproto.h: 0 to 27, and 100 to 104 for data', () => {
    const numbers = [...Array.from({ length: 28 }, (_, index) => index), 100, 101, 102, 103, 104];
    expect(Object.values(UsbredirType)).to.deep.equal(numbers);
  });

  it('above the limit of a reader are judged by their head alone', () => {
    const context = { from: 'client', capabilities: 0x40 } as const;
    const head = fromHex('65000000 0b100000 01000000');
    expect(judgeHead(head, context, 4106).problem).to.include({ code: 'LIMIT_EXCEEDED' });
    expect(judgeHead(head, context, 4107).problem).to.equal(undefined);
  });
});

describe('round trips of usbredir packets', () => {
  const CAPABILITIES = 0xff;
  const ids = { id: u32, idHigh: u32 };
  const packet = (name: UsbredirName, fields: Record<string, fc.Arbitrary<unknown>> = {}) =>
    fc.record({ name: fc.constant(name), ...ids, ...fields }) as unknown as fc.Arbitrary<UsbredirPacket>;
  /** Both directions: with data, and without. */
  const data = (name: UsbredirName, from: Sender, isIn: boolean, fields: Record<string, fc.Arbitrary<unknown>>) =>
    bytes.chain((payload) =>
      packet(name, {
        ...fields,
        endpoint: fc.nat(15).map((number) => number | (isIn ? 0x80 : 0)),
        status: u8,
        length: isIn === (from === 'server') ? fc.constant(payload.byteLength) : u16,
        data: fc.constant(isIn === (from === 'server') ? payload : new Uint8Array(0)),
      }),
    );
  const control = { request: u8, requesttype: u8, value: u16, index: u16 };
  const bulk = { streamId: u32, hasLengthHigh: fc.constant(true) };
  const endpoint = fc.record({
    index: fc.nat(31),
    type: fc.nat(3),
    interval: u8,
    interface: u8,
    maxPacketSize: u16,
    maxStreams: u32,
  });
  const endpoints = fc
    .uniqueArray(endpoint, { selector: ({ index }) => index, minLength: 1 })
    .map((rows) =>
      rows
        .sort((a, b) => a.index - b.index)
        .map(({ index, ...rest }) => ({ endpoint: (index & 15) | ((index & 16) << 3), ...rest })),
    );
  const interfaces = fc.array(
    fc.record({ interfaceNumber: u8, interfaceClass: u8, interfaceSubclass: u8, interfaceProtocol: u8 }),
    { maxLength: 32 },
  );
  const from = {
    server: {
      usb_redir_device_connect: packet('usb_redir_device_connect', {
        speed: u8,
        deviceClass: u8,
        deviceSubclass: u8,
        deviceProtocol: u8,
        vendorId: u16,
        productId: u16,
        deviceVersionBcd: u16,
      }),
      usb_redir_device_disconnect: packet('usb_redir_device_disconnect'),
      usb_redir_interface_info: packet('usb_redir_interface_info', { interfaces }),
      usb_redir_ep_info: packet('usb_redir_ep_info', { endpoints }),
      usb_redir_configuration_status: packet('usb_redir_configuration_status', { status: u8, configuration: u8 }),
      usb_redir_alt_setting_status: packet('usb_redir_alt_setting_status', { status: u8, interface: u8, alt: u8 }),
      usb_redir_iso_stream_status: packet('usb_redir_iso_stream_status', { status: u8, endpoint: u8 }),
      usb_redir_interrupt_receiving_status: packet('usb_redir_interrupt_receiving_status', {
        status: u8,
        endpoint: u8,
      }),
      usb_redir_bulk_streams_status: packet('usb_redir_bulk_streams_status', {
        endpoints: u32,
        noStreams: u32,
        status: u8,
      }),
      usb_redir_bulk_receiving_status: packet('usb_redir_bulk_receiving_status', {
        streamId: u32,
        endpoint: u8,
        status: u8,
      }),
      usb_redir_buffered_bulk_packet: data('usb_redir_buffered_bulk_packet', 'server', true, { streamId: u32 }),
      'usb_redir_control_packet IN': data('usb_redir_control_packet', 'server', true, control),
      'usb_redir_control_packet OUT': data('usb_redir_control_packet', 'server', false, control),
      'usb_redir_bulk_packet IN': data('usb_redir_bulk_packet', 'server', true, bulk),
      'usb_redir_bulk_packet OUT': data('usb_redir_bulk_packet', 'server', false, bulk),
      usb_redir_iso_packet: data('usb_redir_iso_packet', 'server', true, {}),
      'usb_redir_interrupt_packet IN': data('usb_redir_interrupt_packet', 'server', true, {}),
      'usb_redir_interrupt_packet OUT': data('usb_redir_interrupt_packet', 'server', false, {}),
    },
    client: {
      usb_redir_device_disconnect_ack: packet('usb_redir_device_disconnect_ack'),
      usb_redir_reset: packet('usb_redir_reset'),
      usb_redir_set_configuration: packet('usb_redir_set_configuration', { configuration: u8 }),
      usb_redir_get_configuration: packet('usb_redir_get_configuration'),
      usb_redir_set_alt_setting: packet('usb_redir_set_alt_setting', { interface: u8, alt: u8 }),
      usb_redir_get_alt_setting: packet('usb_redir_get_alt_setting', { interface: u8 }),
      usb_redir_start_iso_stream: packet('usb_redir_start_iso_stream', { endpoint: u8, pktsPerUrb: u8, noUrbs: u8 }),
      usb_redir_stop_iso_stream: packet('usb_redir_stop_iso_stream', { endpoint: u8 }),
      usb_redir_start_interrupt_receiving: packet('usb_redir_start_interrupt_receiving', { endpoint: u8 }),
      usb_redir_stop_interrupt_receiving: packet('usb_redir_stop_interrupt_receiving', { endpoint: u8 }),
      usb_redir_alloc_bulk_streams: packet('usb_redir_alloc_bulk_streams', { endpoints: u32, noStreams: u32 }),
      usb_redir_free_bulk_streams: packet('usb_redir_free_bulk_streams', { endpoints: u32 }),
      usb_redir_cancel_data_packet: packet('usb_redir_cancel_data_packet'),
      usb_redir_filter_reject: packet('usb_redir_filter_reject'),
      usb_redir_filter_filter: packet('usb_redir_filter_filter', { filter: text(200) }),
      usb_redir_start_bulk_receiving: packet('usb_redir_start_bulk_receiving', {
        streamId: u32,
        bytesPerTransfer: u32,
        endpoint: u8,
        noTransfers: u8,
      }),
      usb_redir_stop_bulk_receiving: packet('usb_redir_stop_bulk_receiving', { streamId: u32, endpoint: u8 }),
      'usb_redir_control_packet IN': data('usb_redir_control_packet', 'client', true, control),
      'usb_redir_control_packet OUT': data('usb_redir_control_packet', 'client', false, control),
      'usb_redir_bulk_packet IN': data('usb_redir_bulk_packet', 'client', true, bulk),
      'usb_redir_bulk_packet OUT': data('usb_redir_bulk_packet', 'client', false, bulk),
      usb_redir_iso_packet: data('usb_redir_iso_packet', 'client', false, {}),
      usb_redir_interrupt_packet: data('usb_redir_interrupt_packet', 'client', false, {}),
    },
  };
  for (const sender of ['server', 'client'] as const) {
    describe(`from the ${sender}`, () => {
      testRoundTrips<UsbredirPacket>(from[sender], encodeUsbredirPacket, (packetBytes) =>
        decodeUsbredirPacket(packetBytes, { from: sender, capabilities: CAPABILITIES }),
      );
    });
  }
  testRoundTrips<UsbredirPacket>(
    {
      usb_redir_hello: fc.record({
        name: fc.constant('usb_redir_hello' as const),
        id: u32,
        version: text(63),
        capabilities: fc.array(u32, { maxLength: 31 }),
      }),
    },
    encodeUsbredirPacket,
    (packetBytes) => decodeUsbredirPacket(packetBytes, { from: 'server', capabilities: CAPABILITIES }),
  );
});

describe('encoders of usbredir packets', () => {
  const bulk = {
    name: 'usb_redir_bulk_packet',
    id: 1,
    idHigh: 0,
    endpoint: 2,
    status: 0,
    length: 4,
    streamId: 0,
    hasLengthHigh: true,
    data: Uint8Array.of(1, 2, 3, 4),
  } as const;

  it('give the payload by reference, behind one head', () => {
    const parts = encodeUsbredirPacket(bulk);
    expect(parts.map(({ byteLength }) => byteLength)).to.deep.equal([26, 4]);
    expect(parts[1]).to.equal(bulk.data);
  });
  it('refuse a length that is not that of the data', () => {
    expect(() => encodeUsbredirPacket({ ...bulk, length: 5 })).to.throw(UsageError, '5, but there are 4');
  });
  it('refuse a length of more than 16 bits without 32bits_bulk_length', () => {
    const long = { ...bulk, length: 0x10000, data: new Uint8Array(0x10000) };
    expect(() => encodeUsbredirPacket({ ...long, hasLengthHigh: false })).to.throw(UsageError, 'length');
    expect(joinParts(encodeUsbredirPacket(long)).byteLength).to.equal(26 + 0x10000);
  });
  it('refuse a hello with a long id, and endpoints of which only some have a packet size', () => {
    const hello = { name: 'usb_redir_hello', id: 0, idHigh: 0, version: '', capabilities: [] } as const;
    expect(() => encodeUsbredirPacket(hello)).to.throw(UsageError, 'id of 32 bits');
    const endpoint = { endpoint: 1, type: 2, interval: 0, interface: 0 };
    const endpoints = [endpoint, { ...endpoint, endpoint: 2, maxPacketSize: 512 }];
    expect(() => encodeUsbredirPacket({ name: 'usb_redir_ep_info', id: 0, endpoints })).to.throw(
      UsageError,
      '1 of 2 endpoints',
    );
  });
  it('refuse more interfaces than there is room for', () => {
    const each = { interfaceNumber: 0, interfaceClass: 0, interfaceSubclass: 0, interfaceProtocol: 0 };
    const interfaces = Array.from({ length: 33 }, () => each);
    expect(() => encodeUsbredirPacket({ name: 'usb_redir_interface_info', id: 0, interfaces })).to.throw(
      UsageError,
      'at most 32',
    );
  });
});

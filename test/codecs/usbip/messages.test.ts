import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { USBIP_HEADER_SIZE } from '../../../codecs/usbip/header.ts';
import type { IsoPacketDescriptor } from '../../../codecs/usbip/isoPacketDescriptor.ts';
import { decodeUsbipMessage, type UsbipMessage } from '../../../codecs/usbip/message.ts';
import { OP_REP_IMPORT_SIZE, OP_REQ_IMPORT_SIZE, OpRepImport } from '../../../codecs/usbip/operations.ts';
import {
  CmdSubmit,
  encodeRetSubmit,
  type RetSubmit,
  type SubmittedTransfer,
  type TransferDirection,
} from '../../../codecs/usbip/submit.ts';
import { USBIP_PROTOCOL } from '../../../codecs/usbip/usbipProtocol.ts';
import { loadVectors, messageNamed, testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';

const encodeUsbipMessage = (message: UsbipMessage) => messageNamed(USBIP_PROTOCOL, message.name).encode(message);

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = (maxLength: number) => fc.stringMatching(new RegExp(`^[\\x01-\\xff]{0,${maxLength}}$`));

describe('USB/IP messages', () => {
  testVectors(vectorsOf(USBIP_PROTOCOL, 'bytes'));

  it('all have a vector that decodes', () => expect(withoutVectors(USBIP_PROTOCOL)).to.deep.equal([]));

  it('tell without the submission whether a reply has data and packets', () => {
    const replies = loadVectors('usbip', (folder) => folder === 'USBIP_RET_SUBMIT').filter(({ error }) => !error);
    expect(replies).to.have.length.above(4);
    for (const { hex, context } of replies) {
      const [guessed, known] = [undefined, context as unknown as SubmittedTransfer].map((submitted) =>
        decodeUsbipMessage(fromHex(hex), submitted),
      );
      expect(guessed).to.deep.equal(known);
    }
  });

  it('have the sizes that the documentation says', () => {
    expect(OP_REQ_IMPORT_SIZE).to.equal(0x28);
    expect(OP_REP_IMPORT_SIZE).to.equal(0x140);
    expect(USBIP_HEADER_SIZE).to.equal(0x30);
  });

  it('that are none are told by their first bytes', () => {
    expect(() => decodeUsbipMessage(fromHex('00000005'.padEnd(96, '0')), undefined)).to.throw('neither a command nor');
    expect(() => decodeUsbipMessage(fromHex('01118004'.padEnd(96, '0')), undefined)).to.throw('neither a command nor');
  });
});

describe('round trips of USB/IP messages', () => {
  const common = {
    path: text(255),
    busid: text(31),
    busnum: u32,
    devnum: u32,
    speed: u32,
    idVendor: u16,
    idProduct: u16,
    bcdDevice: u16,
    bDeviceClass: u8,
    bDeviceSubClass: u8,
    bDeviceProtocol: u8,
    bConfigurationValue: u8,
    bNumConfigurations: u8,
  };
  const listed = fc.record({
    ...common,
    interfaces: fc.array(fc.record({ bInterfaceClass: u8, bInterfaceSubClass: u8, bInterfaceProtocol: u8 })),
  });
  const name = <const T extends string>(value: T) => ({ name: fc.constant(value) });
  const decode = (bytes: Uint8Array) => decodeUsbipMessage(bytes, undefined);

  testRoundTrips<UsbipMessage>(
    {
      OP_REQ_DEVLIST: fc.record({ ...name('OP_REQ_DEVLIST'), version: u16.filter((each) => each > 0xff) }),
      OP_REP_DEVLIST: fc.record({
        ...name('OP_REP_DEVLIST'),
        version: fc.constant(0x111),
        status: u32,
        devices: fc.array(listed, { maxLength: 4 }),
      }),
      OP_REQ_IMPORT: fc.record({ ...name('OP_REQ_IMPORT'), version: fc.constant(0x111), busid: text(31) }),
      OP_REP_IMPORT: fc.oneof(
        fc.record({
          ...name('OP_REP_IMPORT'),
          version: fc.constant(0x111),
          status: fc.constant(0),
          device: fc.record({ ...common, bNumInterfaces: u8 }),
        }),
        fc.record({ ...name('OP_REP_IMPORT'), version: fc.constant(0x111), status: u32.filter((each) => each > 0) }),
      ),
      USBIP_CMD_UNLINK: fc.record({ ...name('USBIP_CMD_UNLINK'), seqnum: u32, devid: u32, unlinkSeqnum: u32 }),
      USBIP_RET_UNLINK: fc.record({ ...name('USBIP_RET_UNLINK'), seqnum: u32, status: i32 }),
    },
    (value) => encodeUsbipMessage(value),
    decode,
  );

  /** Packets one behind the other, with gaps. */
  const packets = fc
    .array(fc.record({ gap: fc.nat(3), length: fc.nat(20), actual: fc.nat(20), status: i32 }), { maxLength: 5 })
    .map((rows) => {
      let end = 0;
      return rows.map(({ gap, length, actual, status }): IsoPacketDescriptor => {
        const offset = end + gap;
        end = offset + length;
        return { offset, length, actualLength: Math.min(actual, length), status };
      });
    });
  const direction = fc.constantFrom<TransferDirection>('in', 'out');
  const endOf = (descriptors: readonly IsoPacketDescriptor[]) => {
    const last = descriptors.at(-1);
    return last === undefined ? 0 : last.offset + last.length;
  };
  const submits = fc
    .record({ seqnum: u32, devid: u32, direction, ep: fc.nat(15), transferFlags: u32, startFrame: i32, interval: i32 })
    .chain((head) =>
      fc
        .tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), packets, fc.uint8Array({ maxLength: 300 }))
        .map(([setup, isoPacketDescriptors, data]): CmdSubmit => {
          const transferBufferLength = Math.max(endOf(isoPacketDescriptors), data.byteLength);
          const transferBuffer = new Uint8Array(head.direction === 'out' ? transferBufferLength : 0);
          if (head.direction === 'out') transferBuffer.set(data);
          return {
            name: 'USBIP_CMD_SUBMIT',
            ...head,
            transferBufferLength,
            setup,
            transferBuffer,
            isoPacketDescriptors,
          };
        }),
    );
  testRoundTrips<UsbipMessage>({ USBIP_CMD_SUBMIT: submits }, (value) => encodeUsbipMessage(value), decode);

  const replies = fc.record({ seqnum: u32, status: i32, startFrame: i32, errorCount: i32 }).chain((head) =>
    fc
      .tuple(direction, packets, fc.uint8Array({ maxLength: 300 }))
      .map(([way, isoPacketDescriptors, data]): { reply: RetSubmit; submitted: SubmittedTransfer } => {
        const sum = isoPacketDescriptors.reduce((total, { actualLength }) => total + actualLength, 0);
        const isochronous = isoPacketDescriptors.length > 0;
        const actualLength = isochronous ? sum : data.byteLength;
        const transferBuffer = way === 'in' ? (isochronous ? new Uint8Array(sum).fill(7) : data) : new Uint8Array(0);
        return {
          reply: { name: 'USBIP_RET_SUBMIT', ...head, actualLength, transferBuffer, isoPacketDescriptors },
          submitted: { direction: way, isochronous },
        };
      }),
  );
  testRoundTrips<{ reply: UsbipMessage; submitted: SubmittedTransfer }>(
    { USBIP_RET_SUBMIT: replies },
    ({ reply }) => encodeUsbipMessage(reply),
    (bytes, { submitted }) => ({ reply: decodeUsbipMessage(bytes, submitted), submitted }),
  );
});

describe('encoders of USB/IP messages', () => {
  const reply: RetSubmit = {
    name: 'USBIP_RET_SUBMIT',
    seqnum: 1,
    status: 0,
    actualLength: 4,
    startFrame: 0,
    errorCount: 0,
    transferBuffer: Uint8Array.of(1, 2, 3, 4),
    isoPacketDescriptors: [],
  };
  const submit: CmdSubmit = {
    name: 'USBIP_CMD_SUBMIT',
    seqnum: 1,
    devid: 1,
    direction: 'out',
    ep: 1,
    transferFlags: 0,
    transferBufferLength: 4,
    startFrame: 0,
    interval: 0,
    setup: new Uint8Array(8),
    transferBuffer: Uint8Array.of(1, 2, 3, 4),
    isoPacketDescriptors: [],
  };
  const packet = { offset: 0, length: 4, actualLength: 3, status: 0 };

  it('give the payload by reference, behind one head', () => {
    const parts = encodeRetSubmit(reply);
    expect(parts.map(({ byteLength }) => byteLength)).to.deep.equal([USBIP_HEADER_SIZE, 4]);
    expect(parts[1]).to.equal(reply.transferBuffer);
    expect(CmdSubmit.encode(submit).includes(submit.transferBuffer)).to.be.true;
  });
  it('give isochronous descriptors in one piece with the head', () => {
    const isoPacketDescriptors = Array.from({ length: 100 }, () => ({ ...packet, actualLength: 0 }));
    const parts = encodeRetSubmit({
      ...reply,
      actualLength: 0,
      transferBuffer: new Uint8Array(0),
      isoPacketDescriptors,
    });
    expect(parts.map(({ byteLength }) => byteLength)).to.deep.equal([USBIP_HEADER_SIZE + 1600]);
  });
  it('refuse lengths that do not fit together', () => {
    expect(() => encodeRetSubmit({ ...reply, actualLength: 5 })).to.throw(UsageError, '5, but there are 4');
    expect(() => encodeRetSubmit({ ...reply, isoPacketDescriptors: [packet] })).to.throw(UsageError, 'packets have 3');
    expect(() => CmdSubmit.encode({ ...submit, transferBufferLength: 5 })).to.throw(UsageError, '4 bytes, not 5');
    expect(() => CmdSubmit.encode({ ...submit, direction: 'in' })).to.throw(UsageError, '4 bytes, not 0');
    expect(() => CmdSubmit.encode({ ...submit, setup: new Uint8Array(7) })).to.throw(UsageError, '7 bytes, not 8');
  });
  it('refuse more packets than Linux takes', () => {
    const isoPacketDescriptors = Array.from({ length: 1025 }, () => packet);
    expect(() => CmdSubmit.encode({ ...submit, isoPacketDescriptors })).to.throw(UsageError, 'at most 1024');
  });
  it('refuse a device without success, and success without a device', () => {
    const success = { name: 'OP_REP_IMPORT', version: 0x111, status: 0 } as const;
    expect(() => OpRepImport.encode(success)).to.throw(UsageError, 'go together');
  });
  it('refuse a busid that does not fit', () => {
    const request = { name: 'OP_REQ_IMPORT', version: 0x111, busid: '1'.repeat(32) } as const;
    expect(() => encodeUsbipMessage(request)).to.throw(UsageError, 'at most 31 fit');
    expect(() => encodeUsbipMessage({ ...request, busid: '1-Ж' })).to.throw(UsageError, 'not ANSI');
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex } from '../../../codecs/core/json.ts';
import { Hresult, isFailure, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { URB_FUNCTIONS } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbResult } from '../../../src/ports/usb.ts';
import { tsUrbArbitraries } from '../../codecs/tsUrb/tsUrbArbitraries.ts';
import { EMPTY, handlesOf, ok, type Played, ScriptedDevice } from './scriptedDevice.ts';

const BULK = { name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER', urbFunction: 9 } as const;
const statusOf = ({ completion }: Played) => completion.tsUrbResult.usbdStatus;
const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index);

function selected(alternates = { 0: 0, 1: 1, 3: 0 }) {
  const device = new ScriptedDevice();
  const handles = handlesOf(device.select(alternates));
  const pipe = (endpointAddress: number) => {
    const handle = handles.get(endpointAddress);
    if (handle === undefined) throw new Error('no such pipe');
    return handle;
  };
  return { device, pipe };
}

describe('BULK_OR_INTERRUPT_TRANSFER at the device, [MS-RDPEUSB] 2.2.9.7', () => {
  it("IN reads up to OutputBufferSize bytes and returns the device's own buffer", () => {
    const { device, pipe } = selected();
    const data = bytes(512);
    const played = device.in({ ...BULK, pipeHandle: pipe(0x81), transferFlags: 3 }, 512, () => ok(data));
    expect(played.operations).to.deep.equal([{ type: 'transferIn', endpointAddress: 0x81, length: 512 }]);
    expect(played.completion.data).to.equal(data);
    expect(statusOf(played)).to.equal(0);
  });

  it('a short packet is fine with USBD_SHORT_TRANSFER_OK, and an error with the data without it', () => {
    const { device, pipe } = selected();
    const read = (transferFlags: number) =>
      device.in({ ...BULK, pipeHandle: pipe(0x85), transferFlags }, 8, () => ok(bytes(3))).completion;
    expect(read(3)).to.deep.include({ hResult: 0, data: bytes(3) });
    const short = read(1);
    expect(short.tsUrbResult.usbdStatus).to.equal(UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER);
    expect(short.hResult).to.equal(Hresult.ERROR_GEN_FAILURE);
    expect(short.data).to.deep.equal(bytes(3));
  });

  it('OUT gives the data by reference and tells how much the device took', () => {
    const { device, pipe } = selected();
    const data = bytes(10);
    const played = device.out({ ...BULK, pipeHandle: pipe(0x02), transferFlags: 0 }, data, () => ok(EMPTY, 6));
    const [operation] = played.operations;
    expect(operation?.type === 'transferOut' && operation.data).to.equal(data);
    expect(played.completion).to.include({ transferred: 6, hResult: 0 });
  });

  it('passes on what came before a failure', () => {
    const { device, pipe } = selected();
    const failed = { status: 'cancelled', data: bytes(4), transferred: 4 } as const;
    const played = device.in({ ...BULK, pipeHandle: pipe(0x81), transferFlags: 3 }, 8, () => failed);
    expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_CANCELED);
    expect(played.completion.data).to.deep.equal(bytes(4));
  });

  it('hands on more data than was asked for, so that the session can close the channel (3.3.5.3.6)', () => {
    const { device, pipe } = selected();
    const played = device.in({ ...BULK, pipeHandle: pipe(0x81), transferFlags: 3 }, 8, () => ok(bytes(9)));
    expect(played.completion.data).to.have.length(9);
  });

  it('refuses unknown handles, the wrong direction, the wrong kind of endpoint, and the wrong message', () => {
    const { device, pipe } = selected();
    const cases: readonly (readonly [Played, number])[] = [
      [device.in({ ...BULK, pipeHandle: 99, transferFlags: 3 }, 8), UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE],
      [device.in({ ...BULK, pipeHandle: 0, transferFlags: 3 }, 8), UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE],
      [device.in({ ...BULK, pipeHandle: pipe(2), transferFlags: 3 }, 8), UsbdStatus.USBD_STATUS_INVALID_PARAMETER],
      [device.in({ ...BULK, pipeHandle: pipe(0x83), transferFlags: 3 }, 8), UsbdStatus.USBD_STATUS_INVALID_PARAMETER],
      [device.in({ ...BULK, pipeHandle: pipe(0x81), transferFlags: 2 }, 8), UsbdStatus.USBD_STATUS_INVALID_PARAMETER],
      [device.out({ ...BULK, pipeHandle: pipe(2), transferFlags: 1 }), UsbdStatus.USBD_STATUS_INVALID_PARAMETER],
    ];
    for (const [played, usbdStatus] of cases) {
      expect(played.operations).to.deep.equal([]);
      expect(statusOf(played)).to.equal(usbdStatus);
      expect(played.completion.hResult).to.equal(Hresult.ERROR_INVALID_PARAMETER);
    }
  });
});

describe('PIPE_REQUEST at the device, [MS-RDPEUSB] 2.2.9.4', () => {
  const cases = [
    [0x02, 'abortEndpoint'],
    [0x1e, 'clearHalt'],
    [0x30, 'resetEndpoint'],
    [0x31, 'clearHalt'],
  ] as const;
  for (const [urbFunction, type] of cases) {
    it(`0x${urbFunction.toString(16)} is ${type} of that endpoint alone`, () => {
      const { device, pipe } = selected();
      const played = device.in({ name: 'TS_URB_PIPE_REQUEST', urbFunction, pipeHandle: pipe(0x81) });
      expect(played.operations).to.deep.equal([{ type, endpointAddress: 0x81 }]);
      expect(played.completion.tsUrbResult).to.deep.equal({ name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 });
    });
  }

  it('of an unknown handle is refused', () => {
    const played = selected().device.in({ name: 'TS_URB_PIPE_REQUEST', urbFunction: 2, pipeHandle: 1 });
    expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
  });
});

describe('control functions at the device', () => {
  const control = { name: 'TS_URB_CONTROL_TRANSFER', urbFunction: 8, pipeHandle: 0 } as const;
  const setup = (bmRequestType: number, wLength: number) => ({ bmRequestType, bRequest: 1, wValue: 0, wIndex: 0, wLength }); // prettier-ignore

  it('have no time limit but the Timeout in CONTROL_TRANSFER_EX, where 0 is none too (2.2.9.16)', () => {
    const { device } = selected();
    const timeoutOf = ({ operations: [operation] }: Played) => operation?.type === 'control' && operation.timeout;
    expect(timeoutOf(device.in({ ...control, transferFlags: 0xb, setupPacket: setup(0xc0, 4) }, 4))).to.equal(0);
    for (const timeout of [0, 1234]) {
      const ex = { name: 'TS_URB_CONTROL_TRANSFER_EX', urbFunction: 0x32, pipeHandle: 0, timeout } as const;
      expect(timeoutOf(device.in({ ...ex, transferFlags: 0xb, setupPacket: setup(0xc0, 4) }, 4))).to.equal(timeout);
    }
  });

  it('refuse sizes and directions that contradict each other', () => {
    const { device } = selected();
    const refused = (played: Played) => {
      expect(played.operations).to.deep.equal([]);
      expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    };
    refused(device.in({ ...control, transferFlags: 0xb, setupPacket: setup(0x40, 4) }, 4));
    refused(device.out({ ...control, transferFlags: 8, setupPacket: setup(0xc0, 4) }, bytes(4)));
    refused(device.in({ ...control, transferFlags: 0xb, setupPacket: setup(0xc0, 5) }, 4));
    refused(device.out({ ...control, transferFlags: 8, setupPacket: setup(0x40, 5) }, bytes(4)));
    refused(device.in({ ...control, transferFlags: 0x8, setupPacket: setup(0xc0, 4) }, 4));
    const vendor = { name: 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST', urbFunction: 0x17 } as const;
    const fields = { transferFlags: 3, requestTypeReservedBits: 0, request: 1, value: 0, index: 0 };
    refused(device.in({ ...vendor, ...fields }, 0x1_0000));
  });

  it('read wLength bytes into a larger buffer, and need no direction without data', () => {
    const { device } = selected();
    const read = device.in({ ...control, transferFlags: 0xb, setupPacket: setup(0xc0, 4) }, 9, () => ok(bytes(4)));
    expect(statusOf(read)).to.equal(0);
    const bare = device.in({ ...control, transferFlags: 0xb, setupPacket: setup(0x40, 0) }, 0);
    expect(bare.operations).to.have.length(1);
    expect(statusOf(bare)).to.equal(0);
  });

  it('report short data without USBD_SHORT_TRANSFER_OK where they have the flag', () => {
    const { device } = selected();
    const short = device.in({ ...control, transferFlags: 9, setupPacket: setup(0xc0, 4) }, 4, () => ok(bytes(2)));
    expect(statusOf(short)).to.equal(UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER);
    const descriptor = {
      name: 'TS_URB_CONTROL_DESCRIPTOR_REQUEST',
      index: 0,
      descriptorType: 1,
      languageId: 0,
    } as const;
    const typed = device.in({ ...descriptor, urbFunction: 0xb }, 255, () => ok(bytes(18)));
    expect(statusOf(typed)).to.equal(0);
  });

  it('need room for the answer of GET_STATUS, GET_CONFIGURATION and GET_INTERFACE', () => {
    const { device } = selected();
    const urbs = [
      [{ name: 'TS_URB_CONTROL_GET_STATUS_REQUEST', urbFunction: 0x13, index: 0 }, 1],
      [{ name: 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST', urbFunction: 0x26 }, 0],
      [{ name: 'TS_URB_CONTROL_GET_INTERFACE_REQUEST', urbFunction: 0x27, interface: 0 }, 0],
    ] as const;
    for (const [urb, size] of urbs) {
      const played = device.in(urb, size);
      expect(played.operations).to.deep.equal([]);
      expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_BUFFER_TOO_SMALL);
    }
  });

  it('go to endpoint 0 alone', () => {
    const { device, pipe } = selected();
    const to = (pipeHandle: number, transferFlags: number) =>
      device.in({ ...control, pipeHandle, transferFlags, setupPacket: setup(0xc0, 4) }, 4);
    expect(statusOf(to(123, 3))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE);
    expect(statusOf(to(pipe(0x81), 3))).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    expect(to(123, 0xb).operations).to.have.length(1);
    expect(to(0, 3).operations).to.have.length(1);
  });

  it("CLEAR_FEATURE(ENDPOINT_HALT) clears the host's halt and toggle too, however it comes", () => {
    const { device } = selected();
    const feature = { name: 'TS_URB_CONTROL_FEATURE_REQUEST', urbFunction: 0x12, featureSelector: 0 } as const;
    const typed = device.in({ ...feature, index: 0x81 });
    expect(typed.operations).to.deep.equal([{ type: 'clearHalt', endpointAddress: 0x81 }]);
    const setupPacket = { bmRequestType: 2, bRequest: 1, wValue: 0, wIndex: 0x81, wLength: 0 };
    const plain = device.out({ ...control, transferFlags: 8, setupPacket });
    expect(plain.operations).to.deep.equal([{ type: 'clearHalt', endpointAddress: 0x81 }]);
    const zero = device.in({ ...feature, index: 0x80 });
    expect(zero.operations[0]?.type).to.equal('control');
  });

  it('RequestTypeReservedBits from 4 on go into the recipient (2.2.9.12)', () => {
    const { device } = selected();
    const urb = { name: 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST', urbFunction: 0x17, transferFlags: 3 } as const;
    const recipient = (requestTypeReservedBits: number) => {
      const [operation] = device.in({ ...urb, requestTypeReservedBits, request: 1, value: 0, index: 0 }, 1).operations;
      return operation?.type === 'control' ? operation.setup.bmRequestType & 0x1f : undefined;
    };
    expect([3, 4, 31, 32].map(recipient)).to.deep.equal([0, 4, 31, 0]);
  });
});

describe('GET_MS_FEATURE_DESCRIPTOR at the device, [MS-RDPEUSB] 3.3.5.3.9', () => {
  const urb = { name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST', urbFunction: 0x2a, recipient: 0 } as const;
  const fields = { interfaceNumber: 0, msPageIndex: 0, msFeatureDescriptorIndex: 4 };
  const string = fromHex('12 03 4d00 5300 4600 5400 3100 3000 3000 20 00');

  it('reads string 0xEE, then asks with the vendor code', () => {
    const { device } = selected();
    const answers = [ok(string), ok(bytes(16))];
    const played = device.in({ ...urb, ...fields }, 40, () => answers.shift()!);
    const setups = played.operations.map((operation) => operation.type === 'control' && operation.setup);
    expect(setups).to.deep.equal([
      { bmRequestType: 0x80, bRequest: 6, wValue: 0x3ee, wIndex: 0, wLength: 18 },
      { bmRequestType: 0xc0, bRequest: 0x20, wValue: 0, wIndex: 4, wLength: 40 },
    ]);
    expect(statusOf(played)).to.equal(0);
    expect(played.completion.data).to.deep.equal(bytes(16));
  });

  it('fails for a device without the string, with a short one, or with another text', () => {
    const { device } = selected();
    const stalled: UsbResult = { status: 'stalled', data: EMPTY, transferred: 0 };
    const other = Uint8Array.from(string);
    other[2] = 0x4e;
    const cases = [
      [stalled, UsbdStatus.USBD_STATUS_STALL_PID],
      [ok(string.subarray(0, 16)), UsbdStatus.USBD_STATUS_NOT_SUPPORTED],
      [ok(other), UsbdStatus.USBD_STATUS_NOT_SUPPORTED],
    ] as const;
    for (const [answer, usbdStatus] of cases) {
      const played = device.in({ ...urb, ...fields }, 40, () => answer);
      expect(played.operations).to.have.length(1);
      expect(statusOf(played)).to.equal(usbdStatus);
      expect(played.completion.data).to.have.length(0);
    }
  });
});

describe('ISOCH_TRANSFER at the device, [MS-RDPEUSB] 2.2.9.8 and 2.2.10.5', () => {
  const urb = { name: 'TS_URB_ISOCH_TRANSFER', urbFunction: 10, errorCount: 0 } as const;
  const at = (...offsets: number[]) => offsets.map((offset) => ({ offset, length: 0, status: 0 }));

  it('cuts the packets at their Offsets, variable sizes too, and honours StartFrame unless ASAP', () => {
    const { device, pipe } = selected();
    const data = bytes(536);
    const isoPackets = at(0, 176, 352);
    const send = (transferFlags: number) =>
      device.out({ ...urb, pipeHandle: pipe(4), transferFlags, startFrame: 77, isoPackets }, data).operations;
    const operation = { type: 'isochronousOut', endpointAddress: 4, packetLengths: [176, 176, 184], data };
    expect(send(0)).to.deep.equal([{ ...operation, startFrame: 77 }]);
    expect(send(4)).to.deep.equal([{ ...operation, startFrame: undefined }]);
  });

  it('leaves the bytes of failed packets out and counts them', () => {
    const { device, pipe } = selected();
    const result: UsbResult = {
      status: 'completed',
      data: bytes(6),
      transferred: 6,
      startFrame: 100,
      packets: [
        { status: 'completed', length: 4 },
        { status: 'failed', length: 9 },
        { status: 'completed', length: 2 },
      ],
    };
    const isoPackets = at(0, 192, 384);
    const request = { ...urb, pipeHandle: pipe(0x83), transferFlags: 5, startFrame: 0, isoPackets };
    const { operations, completion } = device.in(request, 576, () => result);
    const common = { endpointAddress: 0x83, packetLengths: [192, 192, 192], startFrame: undefined };
    expect(operations).to.deep.equal([{ type: 'isochronousIn', ...common }]);
    expect(completion.tsUrbResult).to.deep.equal({
      name: 'TS_URB_ISOCH_TRANSFER_RESULT',
      usbdStatus: 0,
      startFrame: 100,
      errorCount: 1,
      isoPackets: [
        { offset: 0, length: 4, status: 0 },
        { offset: 192, length: 0, status: UsbdStatus.USBD_STATUS_REQUEST_FAILED },
        { offset: 384, length: 2, status: 0 },
      ],
    });
    expect(completion).to.deep.include({ hResult: 0, data: bytes(6) });
  });

  it('fails as a whole when no packet went well or the device knows nothing of packets', () => {
    const { device, pipe } = selected();
    const request = { ...urb, pipeHandle: pipe(0x83), transferFlags: 5, startFrame: 0, isoPackets: at(0, 192) };
    const failed = { status: 'overflowed', length: 0 } as const;
    const none = device.in(request, 384, () => ({ ...ok(), packets: [failed, failed] }));
    expect(statusOf(none)).to.equal(UsbdStatus.USBD_STATUS_ISOCH_REQUEST_FAILED);
    const unsupported = device.in(request, 384, () => ({ status: 'notSupported', data: EMPTY, transferred: 0 }));
    expect(statusOf(unsupported)).to.equal(UsbdStatus.USBD_STATUS_NOT_SUPPORTED);
    expect(unsupported.completion.tsUrbResult).to.deep.include({
      errorCount: 2,
      isoPackets: [0, 192].map((offset) => ({ offset, length: 0, status: UsbdStatus.USBD_STATUS_NOT_ACCESSED })),
    });
  });

  it('refuses offsets out of order or out of the buffer, no packets, and pipes of another kind', () => {
    const { device, pipe } = selected();
    const request = { ...urb, pipeHandle: pipe(0x83), transferFlags: 5, startFrame: 0 };
    const refused = [
      device.in({ ...request, isoPackets: at(192, 0) }, 384),
      device.in({ ...request, isoPackets: at(0, 385) }, 384),
      device.in({ ...request, isoPackets: [] }, 384),
      device.in({ ...request, pipeHandle: pipe(0x81), isoPackets: at(0) }, 384),
      device.in({ ...request, pipeHandle: pipe(4), isoPackets: at(0) }, 384),
    ];
    for (const played of refused) {
      expect(played.operations).to.deep.equal([]);
      expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    }
  });
});

describe('every TS_URB at the device', () => {
  it('GET_CURRENT_FRAME_NUMBER answers with the frame number (2.2.10.4)', () => {
    const played = selected().device.in({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', urbFunction: 7 });
    const name = 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT';
    expect(played.operations).to.deep.equal([{ type: 'queryBus', query: 'frameNumber' }]);
    expect(played.completion.tsUrbResult).to.deep.equal({ name, usbdStatus: 0, frameNumber: 4711 });
  });

  it("GET_CURRENT_FRAME_NUMBER answers with the device's own frame number, and tells when there is none any more", () => {
    const urb = { name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', urbFunction: 7 } as const;
    const name = 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT';
    const { device } = selected();
    const own = device.in(urb, 0, () => ({ ...ok(), busAnswer: { query: 'frameNumber', frameNumber: 12 } }));
    expect(own.completion.tsUrbResult).to.deep.equal({ name, usbdStatus: 0, frameNumber: 12 });
    const gone = device.in(urb, 0, () => ({ ...ok(), status: 'disconnected' }));
    const usbdStatus = UsbdStatus.USBD_STATUS_DEVICE_GONE;
    expect(gone.completion.tsUrbResult).to.deep.equal({ name, usbdStatus, frameNumber: 0 });
  });

  it('of a reserved or unknown function is answered as not supported', () => {
    for (const urbFunction of [0x03, 0x16, 0x2f, 0x35, 0xffff]) {
      const played = selected().device.in({ name: 'TS_URB_UNKNOWN', urbFunction, unparsed: EMPTY });
      expect(statusOf(played)).to.equal(UsbdStatus.USBD_STATUS_INVALID_URB_FUNCTION);
      expect(played.completion.hResult).to.equal(Hresult.ERROR_NOT_SUPPORTED);
    }
  });

  it('in the wrong message is refused', () => {
    for (const info of URB_FUNCTIONS.filter(({ carrier }) => carrier !== 'flag')) {
      const [sample] = fc.sample(tsUrbArbitraries[info.structure], { numRuns: 1, seed: 1 });
      const tsUrb = { ...sample!, urbFunction: info.code } as TsUrb;
      const { device } = selected();
      const played = info.carrier === 'in' ? device.out(tsUrb) : device.in(tsUrb);
      expect(played.operations, info.name).to.deep.equal([]);
      expect(statusOf(played), info.name).to.equal(UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    }
  });

  it('gets exactly one completion, whatever is in it and whatever the device does', () => {
    const { device } = selected();
    const results = fc.constantFrom<UsbResult['status']>('completed', 'stalled', 'cancelled', 'disconnected', 'failed');
    fc.assert(
      fc.property(
        fc.oneof(...Object.values(tsUrbArbitraries)),
        fc.nat(70_000),
        fc.boolean(),
        results,
        (tsUrb, size, isIn, status) => {
          const answer = () => ({ status, data: isIn ? bytes(Math.min(size, 4)) : EMPTY, transferred: 0 });
          const { completion } = isIn ? device.in(tsUrb, size, answer) : device.out(tsUrb, bytes(size % 64), answer);
          const { usbdStatus } = completion.tsUrbResult;
          if (usbdStatus === 0) expect(completion.hResult).to.equal(0);
          // HResult alone tells every failure but those that are ends of a transfer.
          const ends: readonly number[] = [UsbdStatus.USBD_STATUS_STALL_PID, UsbdStatus.USBD_STATUS_CANCELED];
          const isEnd = ends.includes(usbdStatus);
          if (usbdStatus !== 0 && !isEnd) expect(isFailure(completion.hResult)).to.equal(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

import { expect } from 'chai';
import { fromHex } from '../../../codecs/core/json.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { Hresult, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { urbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { UsbBusQuery, UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { type HostTransfer, HostUrbs } from '../../../src/urbdrc/urb/hostUrbs.ts';
import type { TransferCompletion } from '../../../src/urbdrc/exchange.ts';
import { CONFIGURATION_1, CONFIGURATION_2, EMPTY } from './scriptedDevice.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index);

function transferOf(urbs: HostUrbs, operation: UsbOperation): HostTransfer {
  const request = urbs.request(operation);
  if (request.type !== 'transfer') throw new Error(`${operation.type} is ${request.type}`);
  return request;
}

function refusalOf(urbs: HostUrbs, operation: UsbOperation): UsbResult | undefined {
  const request = urbs.request(operation);
  return request.type === 'refused' ? request.result : undefined;
}

function completion(fields: Partial<TransferCompletion> & { usbdStatus?: number }): TransferCompletion {
  const { usbdStatus = 0, ...rest } = fields;
  return {
    tsUrbResult: { name: 'TS_URB_RESULT_HEADER', usbdStatus },
    hResult: 0,
    data: EMPTY,
    transferred: 0,
    ...rest,
  };
}

const control = (packet: SetupPacket): UsbOperation => ({ type: 'control', setup: packet, data: EMPTY, timeout: 0 });

const pipe = (endpointAddress: number, pipeHandle: number) => ({
  maximumPacketSize: 512,
  endpointAddress,
  interval: 0,
  pipeType: 2,
  pipeHandle,
  maximumTransferSize: 0,
  pipeFlags: 0,
});
const interfaceResult = (interfaceNumber: number, alternateSetting: number, pipes: ReturnType<typeof pipe>[]) => ({
  interfaceNumber,
  alternateSetting,
  class: 0,
  subClass: 0,
  protocol: 0,
  interfaceHandle: 1,
  pipes,
});

const SELECTED: TsUrbResult = {
  name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
  usbdStatus: 0,
  configurationHandle: 0xc0,
  // The client may list pipes in any order.
  interfaces: [
    interfaceResult(0, 0, [pipe(0x02, 0x202), pipe(0x81, 0x281)]),
    interfaceResult(1, 0, []),
    interfaceResult(3, 0, [pipe(0x85, 0x285), pipe(0x06, 0x206)]),
  ],
};

function configured(): HostUrbs {
  const urbs = new HostUrbs();
  urbs.setConfigurations(readConfigurations([CONFIGURATION_1, CONFIGURATION_2]));
  const select = transferOf(urbs, { type: 'setConfiguration', configurationValue: 1 });
  expect(select.finish(completion({ tsUrbResult: SELECTED })).status).to.equal('completed');
  return urbs;
}

describe('control requests of the server', () => {
  const cases: readonly (readonly [string, SetupPacket, object])[] = [
    [
      'GET_DESCRIPTOR_FROM_DEVICE',
      setup(0x80, 6, 0x0302, 0x0409, 255),
      { index: 2, descriptorType: 3, languageId: 0x409 },
    ],
    ['GET_DESCRIPTOR_FROM_INTERFACE', setup(0x81, 6, 0x2200, 3, 64), { index: 0, descriptorType: 0x22, languageId: 3 }],
    [
      'GET_DESCRIPTOR_FROM_ENDPOINT',
      setup(0x82, 6, 0x3000, 0x81, 6),
      { index: 0, descriptorType: 0x30, languageId: 0x81 },
    ],
    ['SET_DESCRIPTOR_TO_DEVICE', setup(0x00, 7, 0x0301, 0x0409, 4), { index: 1, descriptorType: 3, languageId: 0x409 }],
    ['SET_DESCRIPTOR_TO_INTERFACE', setup(0x01, 7, 0x2200, 3, 4), { languageId: 3 }],
    ['SET_DESCRIPTOR_TO_ENDPOINT', setup(0x02, 7, 0x3000, 0x81, 4), { languageId: 0x81 }],
    ['SET_FEATURE_TO_DEVICE', setup(0x00, 3, 1, 0, 0), { featureSelector: 1, index: 0 }],
    ['SET_FEATURE_TO_INTERFACE', setup(0x01, 3, 1, 3, 0), { featureSelector: 1, index: 3 }],
    ['SET_FEATURE_TO_ENDPOINT', setup(0x02, 3, 0, 0x81, 0), { featureSelector: 0, index: 0x81 }],
    ['SET_FEATURE_TO_OTHER', setup(0x03, 3, 4, 1, 0), { featureSelector: 4, index: 1 }],
    ['CLEAR_FEATURE_TO_DEVICE', setup(0x00, 1, 1, 0, 0), { featureSelector: 1, index: 0 }],
    ['CLEAR_FEATURE_TO_INTERFACE', setup(0x01, 1, 1, 3, 0), { featureSelector: 1, index: 3 }],
    ['CLEAR_FEATURE_TO_ENDPOINT', setup(0x02, 1, 0, 0, 0), { featureSelector: 0, index: 0 }],
    ['CLEAR_FEATURE_TO_OTHER', setup(0x03, 1, 4, 1, 0), { featureSelector: 4, index: 1 }],
    ['GET_STATUS_FROM_DEVICE', setup(0x80, 0, 0, 0, 2), { index: 0 }],
    ['GET_STATUS_FROM_INTERFACE', setup(0x81, 0, 0, 3, 2), { index: 3 }],
    ['GET_STATUS_FROM_ENDPOINT', setup(0x82, 0, 0, 0x81, 2), { index: 0x81 }],
    ['GET_STATUS_FROM_OTHER', setup(0x83, 0, 0, 1, 2), { index: 1 }],
    ['GET_CONFIGURATION', setup(0x80, 8, 0, 0, 1), {}],
    ['GET_INTERFACE', setup(0x81, 10, 0, 1, 1), { interface: 1 }],
    ['CLASS_DEVICE', setup(0xa0, 9, 1, 2, 8), { transferFlags: 3, request: 9, value: 1, index: 2 }],
    ['CLASS_INTERFACE', setup(0x21, 9, 0x0200, 3, 1), { transferFlags: 0, request: 9, value: 0x200, index: 3 }],
    ['CLASS_ENDPOINT', setup(0xa2, 1, 2, 0x81, 3), { transferFlags: 3, index: 0x81 }],
    ['CLASS_OTHER', setup(0x23, 3, 8, 1, 0), { transferFlags: 0, value: 8, index: 1 }],
    ['VENDOR_DEVICE', setup(0x40, 0xab, 1, 2, 2), { transferFlags: 0, request: 0xab, value: 1, index: 2 }],
    ['VENDOR_INTERFACE', setup(0xc1, 0xab, 1, 2, 2), { transferFlags: 3 }],
    ['VENDOR_ENDPOINT', setup(0xc2, 0xab, 1, 2, 2), { transferFlags: 3 }],
    ['VENDOR_OTHER', setup(0xc3, 0xab, 1, 2, 2), { transferFlags: 3 }],
  ];
  for (const [name, packet, fields] of cases) {
    it(`${name} stands for ${packet.bmRequestType.toString(16)} ${packet.bRequest}`, () => {
      const isIn = packet.bmRequestType >= 0x80;
      const data = isIn ? EMPTY : bytes(packet.wLength);
      const request = transferOf(configured(), { type: 'control', setup: packet, data, timeout: 0 });
      expect(urbFunctionName(request.tsUrb.urbFunction)).to.equal(`URB_FUNCTION_${name}`);
      expect(request.tsUrb).to.include(fields);
      // [MS-RDPEUSB] 2.2.9.10: feature requests ride in TRANSFER_IN_REQUEST.
      expect(request.direction).to.equal(isIn || name.includes('FEATURE') ? 'in' : 'out');
      expect(request.outputBufferSize).to.equal(packet.wLength);
      expect(request.outputBuffer).to.equal(
        request.direction === 'out' && packet.wLength > 0 ? data : request.outputBuffer,
      );
      expect(request.outputBuffer).to.have.length(isIn ? 0 : packet.wLength);
    });
  }

  it('that no function stands for exactly go as CONTROL_TRANSFER', () => {
    const odd = [
      setup(0x82, 12, 0, 0x81, 2),
      setup(0x80, 0, 1, 0, 2),
      setup(0x80, 0, 0, 0, 4),
      setup(0x80, 8, 0, 0, 2),
      setup(0x81, 10, 1, 0, 1),
      setup(0x00, 6, 0x0100, 0, 4),
      setup(0x80, 7, 0x0100, 0, 4),
      setup(0x00, 3, 1, 0, 2),
      setup(0xc5, 1, 0, 0, 2),
      setup(0xe0, 1, 0, 0, 2),
      setup(0x00, 9, 1, 0, 2),
    ];
    for (const packet of odd) {
      const data = packet.bmRequestType >= 0x80 ? EMPTY : bytes(packet.wLength);
      const { tsUrb } = transferOf(configured(), { type: 'control', setup: packet, data, timeout: 0 });
      const transferFlags = packet.bmRequestType >= 0x80 ? 0xb : 0x8;
      expect(tsUrb).to.deep.include({ name: 'TS_URB_CONTROL_TRANSFER', pipeHandle: 0, transferFlags });
      expect(tsUrb.name === 'TS_URB_CONTROL_TRANSFER' && tsUrb.setupPacket).to.equal(packet);
    }
  });

  it('SET_CONFIGURATION, SET_INTERFACE and CLEAR_FEATURE(ENDPOINT_HALT) go by their own functions', () => {
    const urbs = configured();
    const nameOf = (packet: SetupPacket) =>
      urbFunctionName(transferOf(urbs, { type: 'control', setup: packet, data: EMPTY, timeout: 0 }).tsUrb.urbFunction);
    expect(nameOf(setup(0, 9, 2, 0, 0))).to.equal('URB_FUNCTION_SELECT_CONFIGURATION');
    expect(nameOf(setup(1, 11, 1, 1, 0))).to.equal('URB_FUNCTION_SELECT_INTERFACE');
    expect(nameOf(setup(2, 1, 0, 0x81, 0))).to.equal('URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL');
    expect(nameOf(setup(2, 1, 0, 0x8f, 0))).to.equal('URB_FUNCTION_CLEAR_FEATURE_TO_ENDPOINT');
  });

  it('with contradicting sizes, and SET_ADDRESS, are refused here', () => {
    const urbs = configured();
    const control = (packet: SetupPacket, data: Uint8Array) =>
      refusalOf(urbs, { type: 'control', setup: packet, data, timeout: 0 })?.status;
    expect(control(setup(0x40, 1, 0, 0, 3), bytes(2))).to.equal('invalidParameter');
    expect(control(setup(0xc0, 1, 0, 0, 3), bytes(3))).to.equal('invalidParameter');
    expect(control(setup(0x00, 5, 9, 0, 0), EMPTY)).to.equal('notSupported');
  });

  it("keep their data when they end well, and lose FreeRDP's garbage when they fail", () => {
    const read = () =>
      transferOf(configured(), { type: 'control', setup: setup(0xc0, 1, 0, 0, 3), data: EMPTY, timeout: 0 });
    expect(read().finish(completion({ data: bytes(2) }))).to.deep.equal({
      status: 'completed',
      data: bytes(2),
      transferred: 2,
    });
    const stalled = completion({ usbdStatus: UsbdStatus.USBD_STATUS_STALL_PID, data: bytes(3) });
    expect(read().finish(stalled)).to.deep.equal({ status: 'stalled', data: EMPTY, transferred: 0 });
  });
});

function setup(bmRequestType: number, bRequest: number, wValue: number, wIndex: number, wLength: number): SetupPacket {
  return { bmRequestType, bRequest, wValue, wIndex, wLength };
}

describe('selections of the server', () => {
  it('SELECT_CONFIGURATION lists each interface number once, alternate 0, and the whole descriptor (2.2.9.2)', () => {
    const urbs = new HostUrbs();
    urbs.setConfigurations(readConfigurations([CONFIGURATION_1]));
    const { tsUrb, direction, outputBufferSize } = transferOf(urbs, {
      type: 'setConfiguration',
      configurationValue: 1,
    });
    if (tsUrb.name !== 'TS_URB_SELECT_CONFIGURATION') throw new Error(tsUrb.name);
    expect([direction, outputBufferSize]).to.deep.equal(['in', 0]);
    expect(tsUrb.configurationDescriptor).to.equal(CONFIGURATION_1);
    const summary = tsUrb.interfaces.map((each) => [each.interfaceNumber, each.alternateSetting, each.pipes.length]);
    expect(summary).to.deep.equal([[0, 0, 2], [1, 0, 0], [3, 0, 2]]); // prettier-ignore
    expect(tsUrb.interfaces[0]!.pipes[0]!.maximumPacketSize).to.equal(512);
  });

  it('finds pipes by EndpointAddress, not by position', () => {
    const urbs = configured();
    const handle = (endpointAddress: number) => {
      const { tsUrb } = transferOf(urbs, { type: 'clearHalt', endpointAddress });
      return tsUrb.name === 'TS_URB_PIPE_REQUEST' && tsUrb.pipeHandle;
    };
    expect([0x81, 0x02, 0x85, 0x06].map(handle)).to.deep.equal([0x281, 0x202, 0x285, 0x206]);
  });

  it("FreeRDP's success with no interfaces is a failure, as is a success without a body", () => {
    const nothing = {
      name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
      usbdStatus: 0,
      configurationHandle: 0,
      interfaces: [],
    } as const;
    for (const tsUrbResult of [nothing, { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const]) {
      const urbs = configured();
      const select = transferOf(urbs, { type: 'setConfiguration', configurationValue: 2 });
      expect(select.finish(completion({ tsUrbResult })).status).to.equal('failed');
      expect(refusalOf(urbs, { type: 'clearHalt', endpointAddress: 0x81 })?.status).to.equal('notFound');
    }
  });

  it('a failed selection keeps its status', () => {
    const urbs = configured();
    const failed = completion({ usbdStatus: UsbdStatus.USBD_STATUS_STALL_PID, hResult: Hresult.ERROR_GEN_FAILURE });
    const select = transferOf(urbs, { type: 'setConfiguration', configurationValue: 2 });
    expect(select.finish(failed).status).to.equal('stalled');
    const alternate = transferOf(urbs, { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
    expect(alternate.finish(failed).status).to.equal('stalled');
    expect(alternate.finish(completion({})).status).to.equal('failed');
  });

  it('SELECT_INTERFACE carries the handle and the pipes of that alternate setting, and brings new handles (2.2.9.3)', () => {
    const urbs = configured();
    const { tsUrb, finish } = transferOf(urbs, { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
    if (tsUrb.name !== 'TS_URB_SELECT_INTERFACE') throw new Error(tsUrb.name);
    expect(tsUrb.configurationHandle).to.equal(0xc0);
    expect(tsUrb.interface).to.include({ interfaceNumber: 1, alternateSetting: 1 });
    expect(tsUrb.interface.pipes).to.have.length(2);
    const tsUrbResult = {
      name: 'TS_URB_SELECT_INTERFACE_RESULT',
      usbdStatus: 0,
      interface: interfaceResult(1, 1, [pipe(0x83, 0x383), pipe(4, 0x304)]),
    } as const;
    expect(finish(completion({ tsUrbResult })).status).to.equal('completed');
    const abort = transferOf(urbs, { type: 'abortEndpoint', endpointAddress: 0x83 });
    expect(abort.tsUrb).to.include({ urbFunction: 2, pipeHandle: 0x383 });
  });

  it('a handle lives as long as its alternate setting is in force, and only pipes of the descriptors have one', () => {
    const urbs = configured();
    const set = (alternateSetting: number, pipes: ReturnType<typeof pipe>[]) => {
      const { finish } = transferOf(urbs, { type: 'setInterface', interfaceNumber: 1, alternateSetting });
      const result = interfaceResult(1, alternateSetting, pipes);
      const tsUrbResult = { name: 'TS_URB_SELECT_INTERFACE_RESULT', usbdStatus: 0, interface: result } as const;
      expect(finish(completion({ tsUrbResult })).status).to.equal('completed');
    };
    const handleOf = (endpointAddress: number) => {
      const request = urbs.request({ type: 'abortEndpoint', endpointAddress });
      if (request.type === 'refused') return request.result.status;
      return request.type === 'transfer' && request.tsUrb.name === 'TS_URB_PIPE_REQUEST' && request.tsUrb.pipeHandle;
    };
    set(1, [pipe(0x83, 0x383), pipe(4, 0x304), pipe(0x8f, 0x38f)]);
    expect([0x83, 4, 0x8f, 0x81].map(handleOf)).to.deep.equal([0x383, 0x304, 'notFound', 0x281]);
    // Setting 2 has 0x83 too, and the client tells of no pipe.
    set(2, []);
    expect([0x83, 4, 0x8f, 0x81].map(handleOf)).to.deep.equal(['notFound', 'notFound', 'notFound', 0x281]);
  });

  it('0 unconfigures without a descriptor, and the handles are forgotten', () => {
    const urbs = configured();
    const { tsUrb, finish } = transferOf(urbs, { type: 'setConfiguration', configurationValue: 0 });
    expect(tsUrb).to.deep.include({ name: 'TS_URB_SELECT_CONFIGURATION', interfaces: [] });
    expect(tsUrb).to.not.have.property('configurationDescriptor');
    expect(finish(completion({})).status).to.equal('completed');
    expect(refusalOf(urbs, { type: 'transferIn', endpointAddress: 0x81, length: 1 })?.status).to.equal('notFound');
  });

  it('of what is not there are refused here', () => {
    const fresh = new HostUrbs();
    fresh.setConfigurations(readConfigurations([CONFIGURATION_1.subarray(0, 8), CONFIGURATION_2]));
    const statusOf = (urbs: HostUrbs, operation: UsbOperation) => refusalOf(urbs, operation)?.status;
    expect(statusOf(fresh, { type: 'setConfiguration', configurationValue: 1 })).to.equal('notFound');
    const alternate = (alternateSetting: number) =>
      ({ type: 'setInterface', interfaceNumber: 1, alternateSetting }) as const;
    expect(statusOf(fresh, alternate(1))).to.equal('invalidParameter');
    expect(statusOf(configured(), alternate(7))).to.equal('notFound');
    expect(statusOf(fresh, { type: 'transferOut', endpointAddress: 2, data: bytes(1) })).to.equal('notFound');
  });
});

describe('transfers of the server', () => {
  it('IN allow short packets and keep data that came before a failure', () => {
    const { tsUrb, outputBufferSize, finish } = transferOf(configured(), {
      type: 'transferIn',
      endpointAddress: 0x81,
      length: 512,
    });
    expect(tsUrb).to.include({ urbFunction: 9, pipeHandle: 0x281, transferFlags: 3 });
    expect(outputBufferSize).to.equal(512);
    expect(finish(completion({ usbdStatus: 2, data: bytes(5) }))).to.deep.equal({
      status: 'timedOut',
      data: bytes(5),
      transferred: 5,
    });
    const short = completion({
      usbdStatus: UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER,
      hResult: 0x8007001f,
      data: bytes(3),
    });
    expect(finish(short)).to.deep.equal({ status: 'completed', data: bytes(3), transferred: 3 });
  });

  it('OUT go by reference and tell how much was taken', () => {
    const data = bytes(4);
    const { tsUrb, outputBuffer, finish } = transferOf(configured(), { type: 'transferOut', endpointAddress: 2, data });
    expect(tsUrb).to.include({ pipeHandle: 0x202, transferFlags: 0 });
    expect(outputBuffer).to.equal(data);
    expect(finish(completion({ transferred: 3 }))).to.deep.equal({ status: 'completed', data: EMPTY, transferred: 3 });
  });

  it('RESET_PORT and CYCLE_PORT are IO controls without output', () => {
    for (const [type, code] of [
      ['resetDevice', 0x220007],
      ['cyclePort', 0x22001f],
    ] as const) {
      // prettier-ignore
      const request = configured().request({ type });
      if (request.type !== 'ioControl') throw new Error(request.type);
      expect(request).to.include({ ioControlCode: code, internal: false, outputBufferSize: 0 });
      expect(request.finish({ hResult: 0, information: 4, outputBuffer: bytes(4) }).status).to.equal('completed');
      const refused = { hResult: Hresult.ERROR_NOT_SUPPORTED, information: 0, outputBuffer: EMPTY };
      expect(request.finish(refused).status).to.equal('notSupported');
    }
  });
});

describe('isochronous transfers of the server, [MS-RDPEUSB] 2.2.9.8 and 2.2.10.5', () => {
  function streaming(): HostUrbs {
    const urbs = configured();
    const tsUrbResult = {
      name: 'TS_URB_SELECT_INTERFACE_RESULT',
      usbdStatus: 0,
      interface: interfaceResult(1, 1, [pipe(0x83, 0x383), pipe(4, 0x304)]),
    } as const;
    transferOf(urbs, { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 }).finish(
      completion({ tsUrbResult }),
    );
    return urbs;
  }
  const packetsOf = (tsUrb: TsUrb) => (tsUrb.name === 'TS_URB_ISOCH_TRANSFER' ? tsUrb : undefined);
  const result = (...isoPackets: [number, number, number][]) =>
    ({
      name: 'TS_URB_ISOCH_TRANSFER_RESULT',
      usbdStatus: 0,
      startFrame: 9,
      errorCount: 0,
      isoPackets: isoPackets.map(([offset, length, status]) => ({ offset, length, status })),
    }) as const;
  const receive = (packetLengths: number[]) =>
    transferOf(streaming(), { type: 'isochronousIn', endpointAddress: 0x83, packetLengths, startFrame: undefined });

  it('put the packets one after the other and start as soon as possible, or in the frame that is asked for', () => {
    const { tsUrb, outputBufferSize } = receive([4, 4, 2]);
    expect(packetsOf(tsUrb)).to.include({ pipeHandle: 0x383, transferFlags: 5, startFrame: 0 });
    expect(packetsOf(tsUrb)?.isoPackets.map(({ offset }) => offset)).to.deep.equal([0, 4, 8]);
    expect(outputBufferSize).to.equal(10);
    const out = {
      type: 'isochronousOut',
      endpointAddress: 4,
      data: bytes(8),
      packetLengths: [4, 4],
      startFrame: 5,
    } as const;
    expect(packetsOf(transferOf(streaming(), out).tsUrb)).to.include({ transferFlags: 0, startFrame: 5 });
  });

  it('IN take the data in sequence, whatever the Offsets say', () => {
    const tsUrbResult = result([77, 4, 0], [99, 3, 0xc0000005], [1, 2, 0]);
    expect(receive([4, 4, 4]).finish(completion({ tsUrbResult, data: bytes(6) }))).to.deep.equal({
      status: 'completed',
      data: bytes(6),
      transferred: 6,
      startFrame: 9,
      packets: [
        { status: 'completed', length: 4 },
        { status: 'failed', length: 0 },
        { status: 'completed', length: 2 },
      ],
    });
  });

  it('IN drop what FreeRDP adds behind the received bytes, and cut lengths that the data does not cover', () => {
    const surplus = receive([4, 4]).finish(completion({ tsUrbResult: result([0, 2, 0], [4, 1, 0]), data: bytes(8) }));
    expect(surplus).to.deep.include({ data: bytes(3), transferred: 3 });
    const cut = receive([4, 4]).finish(completion({ tsUrbResult: result([0, 4, 0], [4, 4, 0]), data: bytes(6) }));
    expect(cut.packets?.map(({ length }) => length)).to.deep.equal([4, 2]);
  });

  it('give one entry a packet when the result has none, as FreeRDP does for failures', () => {
    const failed = receive([4, 4]).finish(completion({ tsUrbResult: { ...result(), usbdStatus: 3 } }));
    expect(failed).to.deep.include({
      status: 'cancelled',
      packets: [
        { status: 'cancelled', length: 0 },
        { status: 'cancelled', length: 0 },
      ],
    });
    const bare = receive([4]).finish(completion({ usbdStatus: UsbdStatus.USBD_STATUS_NOT_SUPPORTED }));
    expect(bare).to.deep.include({
      status: 'notSupported',
      startFrame: 0,
      packets: [{ status: 'notSupported', length: 0 }],
    });
  });

  it('OUT count what good packets had, also where the client leaves the lengths 0', () => {
    const out = {
      type: 'isochronousOut',
      endpointAddress: 4,
      data: bytes(8),
      packetLengths: [4, 4],
      startFrame: 5,
    } as const;
    const sent = transferOf(streaming(), out);
    expect(sent.finish(completion({ tsUrbResult: result([0, 0, 0], [4, 0, 0]) })).transferred).to.equal(8);
    expect(sent.finish(completion({ tsUrbResult: result([0, 4, 0], [4, 4, 1]) })).transferred).to.equal(4);
  });

  it('packets that were never on the bus ended as the transfer did', () => {
    const never = UsbdStatus.USBD_STATUS_NOT_ACCESSED;
    const refused = { ...result([0, 0, never], [4, 0, 0xc0000011]), usbdStatus: UsbdStatus.USBD_STATUS_NOT_SUPPORTED };
    expect(receive([4, 4]).finish(completion({ tsUrbResult: refused }))).to.deep.include({
      status: 'notSupported',
      packets: [
        { status: 'notSupported', length: 0 },
        { status: 'failed', length: 0 },
      ],
    });
  });

  it('OUT have NoAck where it is wanted and the client announced a jitter buffer, IN never (2.2.9.1.1)', () => {
    const urbs = streaming();
    const common = { packetLengths: [4, 4], startFrame: undefined };
    const out = { type: 'isochronousOut', endpointAddress: 4, data: bytes(8), ...common } as const;
    const noAck = (operation: UsbOperation) => transferOf(urbs, operation).tsUrb.noAck;
    expect(noAck({ ...out, noAck: true })).to.equal(false);
    urbs.allowNoAck(true);
    expect(noAck({ ...out, noAck: true })).to.equal(true);
    expect(noAck(out)).to.equal(false);
    expect(noAck({ type: 'isochronousIn', endpointAddress: 0x83, ...common })).to.equal(false);
    urbs.allowNoAck(false);
    expect(noAck({ ...out, noAck: true })).to.equal(false);
  });

  it('without packets, with too many, and with data of another size are refused here', () => {
    const urbs = streaming();
    const isochronousIn = { type: 'isochronousIn', endpointAddress: 0x83, startFrame: undefined } as const;
    const out = {
      type: 'isochronousOut',
      endpointAddress: 4,
      data: bytes(9),
      packetLengths: [4, 4],
      startFrame: 5,
    } as const;
    expect(refusalOf(urbs, { ...isochronousIn, packetLengths: [] })?.status).to.equal('invalidParameter');
    const many = Array.from({ length: 5459 }, () => 1);
    expect(refusalOf(urbs, { ...isochronousIn, packetLengths: many })?.status).to.equal('invalidParameter');
    expect(refusalOf(urbs, out)?.status).to.equal('invalidParameter');
  });
});

describe('what the server asks of the bus', () => {
  const ask = (query: UsbBusQuery) => new HostUrbs().request({ type: 'queryBus', query });
  const ioControlOf = (query: UsbBusQuery) => {
    const request = ask(query);
    if (request.type !== 'ioControl') throw new Error(request.type);
    return request;
  };
  const answer = (outputBuffer: Uint8Array, hResult = 0) => ({
    hResult,
    information: outputBuffer.byteLength,
    outputBuffer,
  });

  it('the frame number is a TS_URB, and any other result than its own is a failure (2.2.10.4)', () => {
    const { tsUrb, outputBufferSize, finish } = transferOf(new HostUrbs(), { type: 'queryBus', query: 'frameNumber' });
    expect([tsUrb.urbFunction, outputBufferSize]).to.deep.equal([7, 0]);
    const name = 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT';
    const tsUrbResult = { name, usbdStatus: 0, frameNumber: 99 } as const;
    const busAnswer = { query: 'frameNumber', frameNumber: 99 };
    expect(finish(completion({ tsUrbResult }))).to.deep.include({ status: 'completed', busAnswer });
    expect(finish(completion({})).status).to.equal('failed');
    const refused = finish(completion({ tsUrbResult: { ...tsUrbResult, usbdStatus: 0xc0000e00 } }));
    expect(refused).to.deep.equal({ status: 'notSupported', data: EMPTY, transferred: 0 });
  });

  it('the rest are IO controls, with room for what they bring (2.2.12, 2.2.13)', () => {
    const queries = ['busTime', 'portStatus', 'hubCount', 'hubName', 'controllerName', 'busInformation'] as const;
    const asked = queries.map(ioControlOf).map((each) => [each.ioControlCode, each.internal, each.outputBufferSize]);
    expect(asked).to.deep.equal([
      [0x224000, true, 4],
      [0x220013, false, 4],
      [0x22001b, false, 4],
      [0x220020, false, 512],
      [0x220424, false, 512],
      [0x220420, false, 16],
    ]);
  });

  it("of a port's status two bits count, whatever else FreeRDP sets and adds (2.2.12.2)", () => {
    const { finish } = ioControlOf('portStatus');
    const told = (hex: string) => finish(answer(fromHex(hex))).busAnswer;
    expect(told('03050000')).to.deep.equal({ query: 'portStatus', isConnected: true, isEnabled: true });
    expect(told('02000000')).to.deep.equal({ query: 'portStatus', isConnected: true, isEnabled: false });
    expect(told('01ff0000ffffffff')).to.deep.equal({ query: 'portStatus', isConnected: false, isEnabled: true });
  });

  it('a success that brings too little is a failure, and a failure is told', () => {
    for (const query of ['portStatus', 'hubName', 'busInformation'] as const) {
      const { finish } = ioControlOf(query);
      expect(finish(answer(EMPTY)).status).to.equal('failed');
      expect(finish(answer(bytes(3))).status).to.equal('failed');
      expect(finish(answer(EMPTY, Hresult.ERROR_NOT_SUPPORTED)).status).to.equal('notSupported');
      expect(finish(answer(EMPTY, Hresult.ERROR_BUSY)).status).to.equal('busy');
    }
  });
});

describe('Microsoft OS feature descriptors at the server, [MS-RDPEUSB] 2.2.9.15', () => {
  const STRING = fromHex('12 03 4d00 5300 4600 5400 3100 3000 3000 20 00');
  const compatId = setup(0xc0, 0x20, 0, 4, 40);

  function having(string: Parameters<typeof completion>[0]): HostUrbs {
    const urbs = new HostUrbs();
    transferOf(urbs, control(setup(0x80, 6, 0x03ee, 0, 18))).finish(completion(string));
    return urbs;
  }
  const functionOf = (urbs: HostUrbs, packet: SetupPacket) =>
    urbFunctionName(transferOf(urbs, control(packet)).tsUrb.urbFunction).replace('URB_FUNCTION_', '');

  it('go as the function that stands for them once string 0xEE told the vendor code', () => {
    const request = transferOf(having({ data: STRING }), control(setup(0xc0, 0x20, 0x0201, 5, 40)));
    expect(request.tsUrb).to.deep.equal({
      name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST',
      urbFunction: 0x2a,
      requestId: 0,
      noAck: false,
      recipient: 0,
      interfaceNumber: 2,
      msPageIndex: 1,
      msFeatureDescriptorIndex: 5,
    });
    expect(request).to.include({ direction: 'in', outputBufferSize: 40 });
    expect(request.finish(completion({ data: bytes(16) }))).to.deep.include({ status: 'completed', data: bytes(16) });
  });

  it('stay the vendor request that they are without that string', () => {
    expect(functionOf(new HostUrbs(), compatId)).to.equal('VENDOR_DEVICE');
    expect(functionOf(having({ usbdStatus: UsbdStatus.USBD_STATUS_STALL_PID }), compatId)).to.equal('VENDOR_DEVICE');
    expect(functionOf(having({ data: STRING.subarray(0, 16) }), compatId)).to.equal('VENDOR_DEVICE');
    expect(functionOf(having({ data: STRING.with(2, 0x4e) }), compatId)).to.equal('VENDOR_DEVICE');
  });

  it('are not taken for what they are not: another code, index, type, recipient or direction', () => {
    const urbs = having({ data: STRING });
    expect(functionOf(urbs, compatId)).to.equal('GET_MS_FEATURE_DESCRIPTOR');
    expect(functionOf(urbs, { ...compatId, bRequest: 0x21 })).to.equal('VENDOR_DEVICE');
    expect(functionOf(urbs, { ...compatId, wIndex: 6 })).to.equal('VENDOR_DEVICE');
    expect(functionOf(urbs, { ...compatId, bmRequestType: 0xa0 })).to.equal('CLASS_DEVICE');
    // FreeRDP would read the string from the interface.
    expect(functionOf(urbs, { ...compatId, bmRequestType: 0xc1 })).to.equal('VENDOR_INTERFACE');
    expect(functionOf(urbs, { ...compatId, bmRequestType: 0x40, wLength: 0 })).to.equal('VENDOR_DEVICE');
    expect(functionOf(urbs, setup(0x80, 6, 0x03ee, 0, 18))).to.equal('GET_DESCRIPTOR_FROM_DEVICE');
  });
});

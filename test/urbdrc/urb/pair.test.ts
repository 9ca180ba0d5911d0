import { expect } from 'chai';
import fc from 'fast-check';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeTsUrb, encodeTsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { decodeTsUrbResult, encodeTsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { UsbBusAnswer, UsbOperation, UsbResult, UsbStatus } from '../../../src/ports/usb.ts';
import { DeviceUrbs } from '../../../src/urbdrc/urb/deviceUrbs.ts';
import { type HostTransfer, HostUrbs } from '../../../src/urbdrc/urb/hostUrbs.ts';
import { translateIoControl } from '../../../src/urbdrc/urb/ioControl.ts';
import type { TransferCompletion } from '../../../src/urbdrc/exchange.ts';
import { u16, u8 } from '../../codecs/tsUrb/tsUrbArbitraries.ts';
import { BUS_FACTS, CONFIGURATION_1, CONFIGURATION_2, EMPTY, ok } from './scriptedDevice.ts';

const SPEC = { document: 'MS-RDPEUSB', section: '2.2.9' };

/** A server's and a client's translation with the wire between them: every TS_URB and result is encoded and decoded. */
class Pair {
  readonly #host = new HostUrbs();
  readonly #device = new DeviceUrbs(readConfigurations([CONFIGURATION_1, CONFIGURATION_2]));
  /** What reached the device for the last operation. */
  operations: UsbOperation[] = [];

  constructor() {
    this.#host.setConfigurations(readConfigurations([CONFIGURATION_1, CONFIGURATION_2]));
  }

  run(operation: UsbOperation, answer: (operation: UsbOperation) => UsbResult = () => ok()): UsbResult {
    this.operations = [];
    const submit = (reached: UsbOperation) => {
      this.operations.push(reached);
      return answer(reached);
    };
    const request = this.#host.request(operation);
    if (request.type === 'refused') return request.result;
    if (request.type === 'transfer') return request.finish(this.#transfer(request, submit));
    let step = translateIoControl(request.ioControlCode, request.outputBufferSize, request.internal, BUS_FACTS);
    while (step.type === 'submit') step = step.next(submit(step.operation));
    return request.finish(step.completion);
  }

  #transfer(request: HostTransfer, submit: (operation: UsbOperation) => UsbResult): TransferCompletion {
    const bytes = joinParts(encodeTsUrb({ ...request.tsUrb, requestId: 1 }));
    const tsUrb = decodeTsUrb(new Reader(bytes, 'TsUrb', SPEC));
    const { direction, outputBuffer, outputBufferSize } = request;
    let step = this.#device.translate(
      { type: 'transfer', direction, tsUrb, outputBuffer, outputBufferSize },
      BUS_FACTS,
    );
    while (step.type === 'submit') step = step.next(submit(step.operation));
    const { completion } = step;
    const result = joinParts(encodeTsUrbResult(completion.tsUrbResult));
    const failed = completion.hResult !== 0;
    const tsUrbResult = decodeTsUrbResult(new Reader(result, 'TsUrbResult', SPEC), tsUrb.urbFunction, failed);
    return { ...completion, tsUrbResult };
  }
}

function configured(): Pair {
  const pair = new Pair();
  expect(pair.run({ type: 'setConfiguration', configurationValue: 1 }).status).to.equal('completed');
  expect(pair.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 }).status).to.equal('completed');
  return pair;
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index & 0xff);
/** No message carries a limit that every client takes. */
const timeout = 0;
const setup = (bmRequestType: number, bRequest: number, wValue: number, wIndex: number, wLength: number) => ({
  bmRequestType,
  bRequest,
  wValue,
  wIndex,
  wLength,
});

const BUS_ANSWERS: readonly UsbBusAnswer[] = [
  { query: 'frameNumber', frameNumber: 0xffff_fffe },
  { query: 'busTime', frameNumber: 123_456 },
  { query: 'portStatus', isConnected: true, isEnabled: false },
  { query: 'hubCount', hubCount: 3 },
  { query: 'hubName', name: 'the hub' },
  { query: 'controllerName', name: '' },
  { query: 'busInformation', totalBandwidth: 480_000_000, consumedBandwidth: 7, controllerNameLength: 22 },
];

const OPERATIONS: readonly UsbOperation[] = [
  { type: 'control', setup: setup(0x80, 6, 0x0100, 0, 18), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x81, 6, 0x2200, 3, 64), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x00, 7, 0x0301, 0x0409, 4), data: bytes(4), timeout },
  { type: 'control', setup: setup(0x80, 0, 0, 0, 2), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x00, 3, 1, 0, 0), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x02, 1, 0, 0, 0), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x80, 8, 0, 0, 1), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x81, 10, 0, 1, 1), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x21, 9, 0x0200, 3, 1), data: bytes(1), timeout },
  { type: 'control', setup: setup(0xc0, 0xab, 0x1234, 0x5678, 9), data: EMPTY, timeout },
  { type: 'control', setup: setup(0x82, 12, 0, 0x83, 2), data: EMPTY, timeout },
  { type: 'transferIn', endpointAddress: 0x81, length: 65536 },
  { type: 'transferIn', endpointAddress: 0x85, length: 8 },
  { type: 'transferOut', endpointAddress: 0x02, data: bytes(1000) },
  { type: 'transferOut', endpointAddress: 0x06, data: EMPTY },
  { type: 'isochronousIn', endpointAddress: 0x83, packetLengths: [192, 180, 0, 192], startFrame: 7 },
  {
    type: 'isochronousOut',
    endpointAddress: 0x04,
    data: bytes(536),
    packetLengths: [176, 176, 184],
    startFrame: undefined,
  },
  { type: 'setConfiguration', configurationValue: 2 },
  { type: 'setConfiguration', configurationValue: 0 },
  { type: 'setInterface', interfaceNumber: 1, alternateSetting: 2 },
  { type: 'clearHalt', endpointAddress: 0x81 },
  { type: 'resetEndpoint', endpointAddress: 0x81 },
  { type: 'abortEndpoint', endpointAddress: 0x02 },
  { type: 'resetDevice' },
  { type: 'cyclePort' },
  ...BUS_ANSWERS.map(({ query }) => ({ type: 'queryBus', query }) as const),
];

describe('server and client translation together', () => {
  for (const operation of OPERATIONS) {
    const what = nameOf(operation);
    it(`${what} reaches the device as it was submitted`, () => {
      const pair = configured();
      const result = pair.run(operation, answerWell);
      expect(pair.operations).to.deep.equal([operation]);
      expect(result).to.deep.equal(answerWell(operation));
    });

    it(`${what} brings the device's failure back`, () => {
      const statuses: readonly UsbStatus[] = ['stalled', 'cancelled', 'timedOut', 'disconnected', 'busy'];
      for (const status of statuses) {
        const result = configured().run(operation, () => ({ status, data: EMPTY, transferred: 0 }));
        // IO controls have an HRESULT alone, which has no word for everything.
        const isUrb = operation.type !== 'queryBus' || operation.query === 'frameNumber';
        const coarse = operation.type === 'resetDevice' || operation.type === 'cyclePort' || !isUrb;
        expect(result.status).to.equal(coarse && status === 'stalled' ? 'failed' : status);
      }
    });
  }

  it('any control request arrives as it was, or as the operation that it means', () => {
    const arbitrary = fc.record({ bmRequestType: u8, bRequest: u8, wValue: u16, wIndex: u16, wLength: fc.nat(64) });
    fc.assert(
      fc.property(arbitrary, (packet) => {
        const isIn = packet.bmRequestType >= 0x80;
        const pair = configured();
        const operation = {
          type: 'control',
          setup: packet,
          data: isIn ? EMPTY : bytes(packet.wLength),
          timeout,
        } as const;
        const result = pair.run(operation, answerWell);
        const isSpecial = packet.bmRequestType < 3 && [1, 5, 9, 11].includes(packet.bRequest);
        fc.pre(!isSpecial);
        expect(pair.operations).to.deep.equal([operation]);
        expect(result).to.deep.equal(answerWell(operation));
      }),
    );
  });

  it('the data of an IN transfer comes back by reference', () => {
    const data = bytes(100);
    const result = configured().run({ type: 'transferIn', endpointAddress: 0x81, length: 512 }, () => ok(data));
    expect(result.data).to.equal(data);
  });

  it('pipes of a dropped alternate setting can no longer be used', () => {
    const pair = configured();
    const read = {
      type: 'isochronousOut',
      endpointAddress: 4,
      data: bytes(4),
      packetLengths: [4],
      startFrame: undefined,
    } as const;
    expect(pair.run(read, answerWell).status).to.equal('completed');
    pair.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 0 });
    expect(pair.run(read, answerWell).status).to.equal('notFound');
    expect(pair.operations).to.deep.equal([]);
  });
});

/** What a healthy device answers. */
function nameOf(operation: UsbOperation): string {
  if (operation.type === 'control') return `control ${JSON.stringify(operation.setup)}`;
  return operation.type === 'queryBus' ? `the query for ${operation.query}` : operation.type;
}

function answerWell(operation: UsbOperation): UsbResult {
  switch (operation.type) {
    case 'control':
      return operation.setup.bmRequestType >= 0x80
        ? ok(bytes(operation.setup.wLength))
        : ok(EMPTY, operation.setup.wLength);
    case 'transferIn':
      return ok(bytes(Math.min(operation.length, 300)));
    case 'transferOut':
      return ok(EMPTY, operation.data.byteLength);
    case 'isochronousIn': {
      const packets = operation.packetLengths.map((most) => ({ status: 'completed', length: most >> 1 }) as const);
      const received = packets.reduce((total, { length }) => total + length, 0);
      return { ...ok(bytes(received)), packets, startFrame: 5 };
    }
    case 'isochronousOut': {
      const packets = operation.packetLengths.map((length) => ({ status: 'completed', length }) as const);
      return { ...ok(EMPTY, operation.data.byteLength), packets, startFrame: 5 };
    }
    case 'queryBus': {
      const busAnswer = BUS_ANSWERS.find(({ query }) => query === operation.query);
      return busAnswer === undefined ? ok() : { ...ok(), busAnswer };
    }
    default:
      return ok();
  }
}

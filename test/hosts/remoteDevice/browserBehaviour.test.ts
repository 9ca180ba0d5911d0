import { expect } from 'chai';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../../src/hosts/remoteDevice/remoteUsb.ts';
import {
  USBInTransferResult,
  USBIsochronousInTransferPacket,
  USBIsochronousInTransferResult,
  USBIsochronousOutTransferPacket,
  USBIsochronousOutTransferResult,
  USBOutTransferResult,
} from '../../../src/hosts/remoteDevice/resultClasses.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { bytes, FakeUsbDevice, result, standardAnswers } from '../fakeUsbDevice.ts';
import { EchoDevice } from '../../engine/echoDevice.ts';
import { stack } from '../../engine/stack.ts';
import { outcomeOf, rejection } from '../rejection.ts';

const MOST = 32 * 1024 * 1024;
const vendorRequest = { requestType: 'vendor', recipient: 'device', request: 0, value: 0, index: 0 } as const;

/** Takes and gives as much as is asked for. */
function answer(operation: UsbOperation): UsbResult {
  switch (operation.type) {
    case 'isochronousIn':
    case 'isochronousOut': {
      const packets = operation.packetLengths.map((length) => ({ status: 'completed', length }) as const);
      const total = operation.packetLengths.reduce((sum, length) => sum + length, 0);
      const data = operation.type === 'isochronousIn' ? Uint8Array.from({ length: total }, (_, at) => at) : bytes();
      return { ...result('completed', data), packets };
    }
    case 'transferIn':
      return result('completed', new Uint8Array(operation.length));
    case 'transferOut':
      return result('completed', undefined, operation.data.byteLength);
    case 'control':
      return standardAnswers(operation) ?? result('completed', new Uint8Array(operation.setup.wLength));
    default:
      return result('completed');
  }
}

/** Both interfaces are claimed, and the isochronous endpoints are there. */
async function opened(): Promise<{ port: FakeUsbDevice; device: RemoteDevice }> {
  const port = new FakeUsbDevice(answer);
  const device = new RemoteDevice(port);
  await device.open();
  await device.claimInterface(0);
  await device.claimInterface(1);
  await device.selectAlternateInterface(1, 1);
  port.submitted.length = 0;
  return { port, device };
}

const detached = (data: ArrayBuffer | ArrayBufferView): ArrayBuffer | ArrayBufferView => {
  const buffer = ArrayBuffer.isView(data) ? data.buffer : data;
  structuredClone(null, { transfer: [buffer as ArrayBuffer] });
  return data;
};

describe('WebUSB as browsers do it', () => {
  it('results are of the classes of WebUSB', async () => {
    const { device } = await opened();
    expect(await device.transferIn(1, 8)).to.be.instanceOf(USBInTransferResult);
    expect(await device.controlTransferIn(vendorRequest, 8)).to.be.instanceOf(USBInTransferResult);
    expect(await device.transferOut(2, bytes('00'))).to.be.instanceOf(USBOutTransferResult);
    expect(await device.controlTransferOut(vendorRequest)).to.be.instanceOf(USBOutTransferResult);
    const received = await device.isochronousTransferIn(4, [2, 3]);
    expect(received).to.be.instanceOf(USBIsochronousInTransferResult);
    expect(received.packets).to.have.length(2);
    for (const packet of received.packets) expect(packet).to.be.instanceOf(USBIsochronousInTransferPacket);
    expect(received.packets[1]?.data?.byteOffset).to.equal(2);
    const sent = await device.isochronousTransferOut(5, bytes('0102'), [1, 1]);
    expect(sent).to.be.instanceOf(USBIsochronousOutTransferResult);
    for (const packet of sent.packets) expect(packet).to.be.instanceOf(USBIsochronousOutTransferPacket);
  });

  it('the data of a result without is null', async () => {
    const { port, device } = await opened();
    port.answer = () => result('stalled');
    const { status, data } = await device.transferIn(1, 8);
    expect([status, data]).to.deep.equal(['stall', null]);
  });

  it('programs can make results, with a status that exists', () => {
    const view = new DataView(new ArrayBuffer(4));
    expect(new USBInTransferResult('ok', view).data).to.equal(view);
    for (const made of [new USBInTransferResult('stall'), new USBInTransferResult('babble', null)]) {
      expect(made.data).to.equal(null);
    }
    expect(new USBOutTransferResult('ok').bytesWritten).to.equal(0);
    expect(new USBIsochronousOutTransferPacket('stall', 3).bytesWritten).to.equal(3);
    expect(new USBIsochronousInTransferPacket('ok', view).data).to.equal(view);
    expect(new USBIsochronousInTransferResult([], view).data).to.equal(view);
    expect(new USBIsochronousOutTransferResult([]).packets).to.deep.equal([]);
    const wrong = 'fine' as USBTransferStatus;
    expect(() => new USBInTransferResult(wrong)).to.throw(TypeError, "'fine' is no status");
    expect(() => new USBOutTransferResult(wrong)).to.throw(TypeError);
    expect(() => new USBIsochronousInTransferPacket(wrong)).to.throw(TypeError);
    expect(() => new USBIsochronousOutTransferPacket(wrong)).to.throw(TypeError);
  });

  it('a buffer that was given away is an InvalidStateError, and nothing is sent', async () => {
    const { port, device } = await opened();
    for (const make of [
      () => detached(new ArrayBuffer(512)),
      () => detached(new Uint8Array(512)),
      () => detached(new DataView(new ArrayBuffer(512), 8)),
    ]) {
      const transfers = [
        device.transferOut(2, make()),
        device.controlTransferOut(vendorRequest, make()),
        device.isochronousTransferOut(5, make(), [512]),
      ];
      for (const each of transfers) expect((await rejection(each)).name).to.equal('InvalidStateError');
    }
    expect(port.submitted).to.deep.equal([]);
    expect(await outcomeOf(device.transferOut(2, new ArrayBuffer(0)))).to.equal('ok');
  });

  it('data that is no buffer is a TypeError', async () => {
    const { device } = await opened();
    for (const data of ['text', { byteLength: 2 }, [1, 2]]) {
      const error = await rejection(device.transferOut(2, data as unknown as ArrayBuffer));
      expect(error.name).to.be.oneOf(['TypeError', 'DataError']);
    }
    expect(await rejection(device.transferOut(2, { byteLength: 2 } as ArrayBuffer))).to.be.instanceOf(TypeError);
  });

  it('32 MiB go in one transfer, and no byte more', async () => {
    const { device } = await opened();
    const large = new Uint8Array(MOST + 1);
    expect((await device.transferIn(1, MOST)).data?.byteLength).to.equal(MOST);
    expect((await device.transferOut(2, large.subarray(0, MOST))).bytesWritten).to.equal(MOST);
    for (const tooMuch of [
      device.transferIn(1, MOST + 1),
      device.transferOut(2, large),
      device.isochronousTransferIn(4, [MOST, 1]),
      device.isochronousTransferOut(5, large, [MOST, 1]),
      device.controlTransferOut(vendorRequest, large),
    ]) {
      expect(await outcomeOf(tooMuch)).to.equal('DataError');
    }
  });

  it('32 MiB go in one transfer over a connection whose messages are smaller', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = new RemoteDevice(await host.added());
    await device.open();
    await device.claimInterface(0);
    expect(await device.transferOut(2, new Uint8Array(MOST))).to.include({ status: 'ok', bytesWritten: MOST });
    await client.close();
  });

  it('packets and data of different sizes are a DataError', async () => {
    const { device } = await opened();
    for (const lengths of [
      [7, 8],
      [9, 8],
    ]) {
      expect(await outcomeOf(device.isochronousTransferOut(5, new Uint8Array(16), lengths))).to.equal('DataError');
    }
  });

  it('an endpoint number that no endpoint can have is an IndexSizeError', async () => {
    const { device } = await opened();
    for (const number of [0, 16, 256]) {
      expect(await outcomeOf(device.transferIn(number, 8))).to.equal('IndexSizeError');
      expect(await outcomeOf(device.transferOut(number, bytes('00')))).to.equal('IndexSizeError');
    }
    expect(await outcomeOf(device.transferIn(15, 8))).to.equal('NotFoundError');
  });

  it('numbers are cut to a byte, and text is read as a number', async () => {
    const { port, device } = await opened();
    await device.selectAlternateInterface(257, 256);
    await device.releaseInterface('0' as unknown as number);
    expect(device.configuration?.interfaces.map(({ claimed }) => claimed)).to.deep.equal([false, true]);
    await device.selectConfiguration(258);
    expect(device.configuration?.configurationValue).to.equal(2);
    expect(port.submitted).to.deep.equal([
      { type: 'setInterface', interfaceNumber: 1, alternateSetting: 0 },
      { type: 'setConfiguration', configurationValue: 2 },
    ]);
    const sideways = 'sideways' as USBDirection;
    expect(await rejection(device.clearHalt(sideways, 1))).to.be.instanceOf(TypeError);
  });

  it('without a configuration the device itself answers requests and is reset, its interfaces and endpoints are not there', async () => {
    const port = new FakeUsbDevice(answer);
    const device = new RemoteDevice(port, { initialConfiguration: null });
    await device.open();
    for (const requestType of ['standard', 'class', 'vendor'] as const) {
      for (const [recipient, outcome] of [
        ['device', 'ok'],
        ['other', 'ok'],
        ['interface', 'InvalidStateError'],
        ['endpoint', 'InvalidStateError'],
      ] as const) {
        const setup = { ...vendorRequest, requestType, recipient, index: 0x81 };
        expect(await outcomeOf(device.controlTransferIn(setup, 7)), recipient).to.equal(outcome);
        expect(await outcomeOf(device.controlTransferOut(setup, bytes('01'))), recipient).to.equal(outcome);
      }
    }
    expect(await outcomeOf(device.reset())).to.equal('ok');
  });

  it('of the index of a request to an interface or endpoint the low byte counts', async () => {
    const { device } = await opened();
    for (const [recipient, index, outcome] of [
      ['interface', 0x5600, 'ok'],
      ['interface', 0x0002, 'NotFoundError'],
      ['endpoint', 0x5681, 'ok'],
      ['endpoint', 0x5687, 'NotFoundError'],
    ] as const) {
      expect(await outcomeOf(device.controlTransferIn({ ...vendorRequest, recipient, index }, 7))).to.equal(outcome);
    }
  });

  it('RemoteUsb stands in for navigator.usb, also for the compiler', async () => {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- that this compiles is what matters
    const usb: USB = new RemoteUsb();
    expect(await usb.getDevices()).to.deep.equal([]);
  });
});

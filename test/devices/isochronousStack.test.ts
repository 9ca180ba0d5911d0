import { expect } from 'chai';
import type { UrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { TransferFlags, UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { withFaults } from '../../src/devices/virtual/faultyDevice.ts';
import { GadgetZero } from '../../src/devices/virtual/gadgetZero.ts';
import { UsbAudio } from '../../src/devices/virtual/usbAudio.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { StreamedDevice } from '../../src/usb/isochronous/streamedDevice.ts';
import { memoryPair } from '../../transports/memory.ts';
import { FakeServer } from '../engine/fakePeer.ts';
import { stack, turns, type Stack } from '../engine/stack.ts';
import { Recorder, type Watched } from './recorder.ts';
import { Iso, IsochronousDevice } from './virtual/isochronousDevice.ts';
import { VirtualClock } from './virtualClock.ts';

const bytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => index & 0xff);
const shape = ({ packets }: UsbResult) => packets?.map(({ status, length }) => `${status} ${length}`);

describe('isochronous transfers through all layers ([MS-RDPEUSB] 2.2.9.8 and 2.2.10.5)', () => {
  let clock: VirtualClock;
  let ends: Stack;
  let usb: Recorder;

  const redirect = async (local: UsbDevice, configurationValue = 1) => {
    ends = stack({ client: { clock } });
    await ends.client.attach(local);
    usb = new Recorder(await ends.host.added());
    await usb.open();
    expect((await usb.run({ type: 'setConfiguration', configurationValue })).status).to.equal('completed');
  };
  beforeEach(() => {
    clock = new VirtualClock(1000);
  });
  afterEach(async () => {
    await usb.close();
    await ends.client.close();
    expect(usb.complaints).to.deep.equal([]);
    expect(usb.pending).to.equal(0);
    expect(ends.ignored).to.deep.equal([]);
  });

  /** There and back, so that what was submitted is at the device. */
  const settle = () => usb.read(0x80, 0, 0, 0, 2);
  const start = async (...operations: UsbOperation[]): Promise<Watched[]> => {
    const watched = operations.map((operation) => usb.submit(operation));
    await settle();
    return watched;
  };
  const reading = (packetLengths: readonly number[], startFrame?: number): UsbOperation => ({
    type: 'isochronousIn',
    endpointAddress: Iso.in,
    packetLengths,
    startFrame,
  });
  const writing = (packetLengths: readonly number[], startFrame?: number): UsbOperation => {
    const data = bytes(packetLengths.reduce((sum, length) => sum + length, 0));
    return { type: 'isochronousOut', endpointAddress: Iso.out, data, packetLengths, startFrame };
  };

  it('IN: packets of any size, the frame of the first, and the bytes in order', async () => {
    const device = new IsochronousDevice(clock);
    device.packet = (frame) => bytes(frame - 1000);
    await redirect(device);
    const [one, two] = await start(reading([64, 3, 64]), reading([64]));
    clock.advance(5);
    const first = await one!.result;
    expect(first).to.deep.include({ status: 'completed', transferred: 6, startFrame: 1001 });
    expect(shape(first)).to.deep.equal(['completed 1', 'completed 2', 'completed 3']);
    expect([...first.data]).to.deep.equal([0, 0, 1, 0, 1, 2]);
    expect(await two!.result).to.deep.include({ transferred: 4, startFrame: 1004 });
  });

  it('OUT: the buffer is cut as the packets say, and the result says what went', async () => {
    const device = new IsochronousDevice(clock);
    await redirect(device);
    const [watched] = await start(writing([4, 1, 0, 2]));
    clock.advance(5);
    const result = await watched!.result;
    expect(result).to.deep.include({ status: 'completed', transferred: 7, startFrame: 1001 });
    expect(device.received.map(({ data }) => data)).to.deep.equal([[0, 1, 2, 3], [4], [], [5, 6]]);
  });

  it('errors of packets stay with their packets, whose bytes are left out', async () => {
    const device = new IsochronousDevice(clock);
    device.packet = (frame) => [bytes(2), undefined, bytes(9), bytes(0), bytes(3)][frame - 1001];
    await redirect(device);
    const [watched] = await start(reading([8, 8, 8, 8, 8]));
    clock.advance(6);
    const result = await watched!.result;
    expect(result).to.deep.include({ status: 'completed', transferred: 5 });
    expect(shape(result)).to.deep.equal(['completed 2', 'failed 0', 'overflowed 0', 'completed 0', 'completed 3']);
    expect([...result.data]).to.deep.equal([0, 1, 0, 1, 2]);
  });

  it('packets that get lost on the way from a device with faults', async () => {
    const device = new IsochronousDevice(clock);
    await redirect(withFaults(device, [{ fault: { type: 'losePackets', every: 3 }, operation: 'isochronousIn' }]));
    const [watched] = await start(reading([4, 4, 4, 4, 4, 4]));
    clock.advance(7);
    const result = await watched!.result;
    expect(result.packets?.map(({ length }) => length)).to.deep.equal([1, 1, 0, 1, 1, 0]);
    expect([...result.data]).to.deep.equal([1001, 1002, 1004, 1005].map((frame) => frame & 0xff));
  });

  it('StartFrame: kept when it is ahead, refused when it is over', async () => {
    await redirect(new IsochronousDevice(clock));
    const [early, right] = await start(writing([1], 990), writing([1, 1], 1010));
    expect((await early!.result).status).to.equal('badStartFrame');
    clock.advance(11.9);
    await settle();
    expect(right!.seen()).to.equal(undefined);
    clock.advance(0.1);
    expect(await right!.result).to.deep.include({ status: 'completed', startFrame: 1010 });
  });

  it('StartFrame counts in the frames that the device is asked for, not in those of the client', async () => {
    const own = new VirtualClock(70_000);
    await redirect(new IsochronousDevice(own));
    const { busAnswer } = await usb.run({ type: 'queryBus', query: 'frameNumber' });
    if (busAnswer?.query !== 'frameNumber') throw new Error(busAnswer?.query);
    expect(busAnswer.frameNumber).to.equal(70_000);
    const time = await usb.run({ type: 'queryBus', query: 'busTime' });
    expect(time.busAnswer).to.deep.equal({ query: 'busTime', frameNumber: 70_000 });
    const [watched] = await start(writing([1], busAnswer.frameNumber + 5));
    own.advance(7);
    expect(await watched!.result).to.deep.include({ status: 'completed', startFrame: 70_005 });
  });

  it('StartFrame counts in the frames of the buffer in front of a device that starts as soon as it can', async () => {
    const own = new VirtualClock(70_000);
    const device = new IsochronousDevice(clock);
    await redirect(new StreamedDevice(device, { clock: own, target: 40, lost: () => {} }));
    const { busAnswer } = await usb.run({ type: 'queryBus', query: 'frameNumber' });
    expect(busAnswer).to.deep.equal({ query: 'frameNumber', frameNumber: 70_000 });
    const [watched, taken] = await start(writing([1], 70_100), writing([1], 70_100));
    expect((await taken!.result).status).to.equal('badStartFrame');
    own.advance(99);
    clock.advance(99);
    expect(device.received).to.deep.equal([]);
    own.advance(1);
    clock.advance(5);
    expect(await watched!.result).to.deep.include({ status: 'completed', startFrame: 70_100 });
    expect(device.received).to.have.length(1);
  });

  it('NoAck: the server is done when it is sent, the device plays it all the same', async () => {
    const device = new IsochronousDevice(clock);
    await redirect(device);
    const operation = { ...writing([1, 1]), noAck: true } as UsbOperation;
    const silent = usb.submit(operation);
    expect(silent.seen()).to.deep.equal({ status: 'completed', data: new Uint8Array(0), transferred: 2 });
    silent.transfer.cancel();
    const [answered] = await start(writing([2]));
    clock.advance(4);
    expect(await answered!.result).to.deep.include({ status: 'completed', startFrame: 1003 });
    expect(device.received.map(({ frame }) => frame)).to.deep.equal([1001, 1002, 1003]);
  });

  it('cancel ends one transfer and abortEndpoint all of an endpoint; the stream goes on', async () => {
    await redirect(new IsochronousDevice(clock));
    const all = await start(reading([1, 1, 1, 1]), reading([1]), reading([1]));
    clock.advance(3);
    all[0]!.transfer.cancel();
    expect((await all[0]!.result).status).to.equal('cancelled');
    expect(all[1]!.seen()).to.equal(undefined);
    expect((await usb.run({ type: 'abortEndpoint', endpointAddress: Iso.in })).status).to.equal('completed');
    expect([(await all[1]!.result).status, (await all[2]!.result).status]).to.deep.equal(['cancelled', 'cancelled']);
    const [next] = await start(reading([1]));
    clock.advance(2);
    expect((await next!.result).status).to.equal('completed');
  });

  it('unplugging disconnects a stream', async () => {
    const device = new IsochronousDevice(clock);
    await redirect(device);
    const [watched] = await start(reading([1, 1, 1]));
    device.unplug();
    expect((await watched!.result).status).to.equal('disconnected');
  });

  it('gadget zero: both directions at once, in alternate setting 1 alone', async () => {
    const gadget = new GadgetZero({ clock, pattern: 1 });
    await redirect(gadget, 3);
    const [endpointIn, endpointOut] = [0x82, 0x02];
    const packetLengths = Array.from({ length: 64 }, () => 1024);
    const input = { type: 'isochronousIn', endpointAddress: endpointIn, packetLengths, startFrame: undefined } as const;
    const data = new Uint8Array(65_536);
    const output = { type: 'isochronousOut', endpointAddress: endpointOut, data, packetLengths, startFrame: undefined } as const; // prettier-ignore
    expect((await usb.run(input)).status).to.equal('notFound');
    await usb.run({ type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    const watched = await start(input, output, input, output);
    clock.advance(130);
    for (const { transferred, status } of await Promise.all(watched.map(({ result }) => result))) {
      expect([status, transferred]).to.deep.equal(['completed', 65_536]);
    }
    expect([...watched[0]!.seen()!.data.subarray(1020, 1030)]).to.deep.equal([12, 13, 14, 15, 0, 1, 2, 3, 4, 5]);
    expect([gadget.sunkPackets, gadget.sunkBytes]).to.deep.equal([128, 131_072]);
  });

  it('audio at 44.1 kHz: packets of different sizes arrive as they left', async () => {
    const audio = new UsbAudio({ clock, microphone: (index) => index });
    await redirect(audio);
    await usb.run({ type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 });
    await usb.write(0x22, 0x01, 0x0100, 0x82, Uint8Array.of(0x44, 0xac, 0x00));
    const packetLengths = Array.from({ length: 10 }, () => 96);
    const [watched] = await start({ type: 'isochronousIn', endpointAddress: 0x82, packetLengths, startFrame: undefined }); // prettier-ignore
    clock.advance(11);
    const { data, packets } = await watched!.result;
    expect(packets?.map(({ length }) => length)).to.deep.equal([...Array<number>(9).fill(88), 90]);
    const samples = new DataView(Uint8Array.from(data).buffer);
    expect(Array.from({ length: 441 }, (_, index) => samples.getInt16(2 * index, true))).to.deep.equal(
      Array.from({ length: 441 }, (_, index) => index),
    );
  });
});

describe('isochronous OUT without an answer, NoAck ([MS-RDPEUSB] 2.2.9.1.1)', () => {
  it('reaches the device, and is not answered; the same with an answer is', async () => {
    const clock = new VirtualClock(1000);
    const [near, far] = memoryPair();
    const client = new RedirectionClient(near, { clock });
    const server = new FakeServer(far);
    const device = new IsochronousDevice(clock);
    const [, { channelId, usbDevice }] = await Promise.all([client.attach(device), server.takeDevice()]);
    const addDevice = await server.received('ADD_DEVICE');
    expect(addDevice.usbDeviceCapabilities.noAckIsochWriteJitterBufferSizeInMs).to.be.within(10, 512);

    server.send(channelId, {
      name: 'TRANSFER_IN_REQUEST',
      interfaceId: usbDevice,
      messageId: 1,
      tsUrb: {
        name: 'TS_URB_SELECT_CONFIGURATION',
        urbFunction: UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION,
        requestId: 1,
        noAck: false,
        interfaces: [{ interfaceNumber: 0, alternateSetting: 0, pipes: [] }],
        configurationDescriptor: device.configurationDescriptors[0]!,
      },
      outputBufferSize: 0,
    });
    const { tsUrbResult } = await server.received('URB_COMPLETION_NO_DATA');
    if (tsUrbResult.name !== 'TS_URB_RESULT_HEADER') throw new Error('the request is not known to the decoder');
    const selected = tsUrbResult.unparsed!;
    // The second pipe's handle: behind two heads of 8 and 16 bytes and a pipe of 20, at 8 bytes.
    const pipeHandle = new DataView(selected.buffer, selected.byteOffset).getUint32(8 + 16 + 20 + 8, true);
    const isochronousOut = (requestId: number, noAck: boolean): UrbdrcMessage => ({
      name: 'TRANSFER_OUT_REQUEST',
      interfaceId: usbDevice,
      messageId: requestId,
      tsUrb: {
        name: 'TS_URB_ISOCH_TRANSFER',
        urbFunction: UrbFunction.URB_FUNCTION_ISOCH_TRANSFER,
        requestId,
        noAck,
        pipeHandle,
        transferFlags: TransferFlags.USBD_START_ISO_TRANSFER_ASAP,
        startFrame: 0,
        errorCount: 0,
        isoPackets: [0, 3, 4].map((offset) => ({ offset, length: 0, status: 0 })),
      },
      outputBuffer: bytes(6),
    });
    server.forget();
    server.send(channelId, isochronousOut(2, true));
    server.send(channelId, isochronousOut(3, false));
    await turns();
    clock.advance(10);
    expect((await server.received('URB_COMPLETION_NO_DATA')).requestId).to.equal(3);
    await turns();
    expect(server.messages).to.have.length(1);
    expect(device.received.map(({ frame, data }) => [frame, ...data])).to.deep.equal([
      ...[
        [1001, 0, 1, 2],
        [1002, 3],
        [1003, 4, 5],
      ],
      ...[
        [1004, 0, 1, 2],
        [1005, 3],
        [1006, 4, 5],
      ],
    ]);
    await client.close();
  });
});

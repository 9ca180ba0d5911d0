import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fromHex } from '../../../codecs/core/json.ts';
import { listExported } from '../../../src/devices/usbip/operations.ts';
import { openUsbipDevices } from '../../../src/devices/usbip/usbipDevices.ts';
import { withFaults } from '../../../src/devices/virtual/faultyDevice.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import { UsbipServer } from '../../../src/hosts/usbipServer/usbipServer.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { UsbDevice } from '../../../src/ports/usb.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { DeviceError } from '../../../src/usb/deviceError.ts';
import { perform } from '../../../src/usb/results.ts';
import { EchoDevice } from '../../engine/echoDevice.ts';
import { Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';
import { addressOf, imported } from './importing.ts';
import { Wire } from './wire.ts';

const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const gone = (device: UsbDevice) =>
  device.gone.aborted
    ? Promise.resolve()
    : new Promise((resolve) => device.gone.addEventListener('abort', resolve, { once: true }));

describe('devices of a USB/IP server', () => {
  it('are imported when the source is opened, under a name that no device of this machine has', async () => {
    const { source, device, server, close } = await imported(new OsrFx2());
    const { host, port } = addressOf(server.url);
    expect(source.name).to.equal(server.url);
    expect(source.connection).to.deep.equal({ address: host });
    expect(device.identity).to.deep.include({
      ...{ vendorId: 0x0547, productId: 0x1002, busNumber: 1, deviceAddress: 2, speed: 'high' },
      portPath: `usbip://${host}:${port}/1-1`,
    });
    expect(await listExported({ host, port }, systemClock)).to.deep.equal([]);
    await source.close();
    expect(device.gone.aborted).to.equal(true);
    expect((await listExported({ host, port }, systemClock)).map(({ busid }) => busid)).to.deep.equal(['1-1']);
    await close();
  });

  it('a device that is not there, or that another has, is refused with a line that tells it', async () => {
    const { source, server, close } = await imported(new OsrFx2());
    const open = (busid: string) =>
      rejection(openUsbipDevices({ ...addressOf(server.url), busids: [busid], clock: systemClock }));
    for (const [busid, text] of [
      ['1-7', 'there is none of this name'],
      ['1-1', 'somebody else has it'],
    ] as const) {
      const error = await open(busid);
      expect(error).to.be.instanceOf(DeviceError).with.property('code', 'IMPORT_REFUSED');
      expect(error).to.have.property('message').that.includes(text);
    }
    expect(await open('../1')).to.have.property('code', 'CANNOT_OPEN');
    await source.close();
    await close();
    expect(await open('1-1')).to.have.property('code', 'ECONNREFUSED');
  });

  it('one that is lost is another object when the server has it again', async () => {
    const clock = new VirtualClock();
    const local = new OsrFx2();
    const { source, device, server, close } = await imported(local, { clock });
    const added = new Promise<UsbDevice>((resolve) => source.watch(resolve));
    local.unplug();
    await gone(device);
    expect(device.gone.reason).to.have.property('code', 'DEVICE_GONE');
    await clock.whenPending();
    expect(await source.list()).to.deep.equal([]);
    await server.attach(new OsrFx2());
    clock.advance(1000);
    const again = await added;
    expect(again).not.to.equal(device);
    expect(await source.list()).to.deep.equal([again]);
    await source.close();
    await close();
  });

  it('one that is waited for comes when the server has it; its absence is told once', async () => {
    const clock = new VirtualClock();
    const server = await UsbipServer.listen({ port: 0, clock: systemClock });
    const problems: string[] = [];
    const onProblem = (error: Error) => problems.push(error.message);
    const options = { ...addressOf(server.url), busids: ['1-1'], wait: true, clock, onProblem };
    const source = await openUsbipDevices(options);
    const added = new Promise<UsbDevice>((resolve) => source.watch(resolve));
    await clock.whenPending();
    clock.advance(1000);
    // The timer of the attempt, and then that of the next pause.
    while (clock.pending > 1 || problems.length === 0) await new Promise(setImmediate);
    await server.attach(new OsrFx2());
    for (let late = false; !late;) {
      clock.advance(2000);
      late = await Promise.race([added.then(() => true), new Promise(setImmediate).then(() => false)]);
    }
    expect(problems).to.have.length(1);
    await source.close();
    await server.close();
  });

  it('one that is refused goes back to the server, and is not asked for again', async () => {
    const clock = new VirtualClock();
    const { source, device, server, close } = await imported(new OsrFx2(), { clock });
    source.refuse(device, 'not wanted');
    await gone(device);
    expect(await source.list()).to.deep.equal([]);
    while ((await listExported(addressOf(server.url), systemClock)).length === 0) await new Promise(setImmediate);
    expect(clock.pending).to.equal(0);
    await source.close();
    await close();
  });

  it('send what was written, also where the memory has other data before it was sent', async () => {
    const { source, device, close } = await imported(new EchoDevice());
    await device.open();
    await perform(device, { type: 'setConfiguration', configurationValue: 1 });
    const data = new Uint8Array(100_000).fill(1);
    const written = perform(device, { type: 'transferOut', endpointAddress: 0x02, data });
    data.fill(0xdb);
    await written;
    const read = await perform(device, { type: 'transferIn', endpointAddress: 0x81, length: data.byteLength });
    expect(Buffer.from(read.data).equals(Buffer.alloc(data.byteLength, 1))).to.equal(true);
    await source.close();
    await close();
  });

  it('cyclePort gives the device back, and takes it again', async () => {
    const clock = new VirtualClock();
    const { source, device, close } = await imported(new OsrFx2(), { clock });
    const added = new Promise<UsbDevice>((resolve) => source.watch(resolve));
    const usb = new Recorder(device);
    await usb.open();
    expect((await usb.run({ type: 'cyclePort' })).status).to.equal('completed');
    await gone(device);
    await clock.whenPending();
    clock.advance(1000);
    await added;
    await source.close();
    await close();
  });

  it('a control request whose time is over is unlinked and timedOut', async () => {
    const clock = new VirtualClock();
    const script = [{ fault: { type: 'hang' }, operation: 'control', nth: 20 }] as const;
    const { source, device, close } = await imported(withFaults(new OsrFx2(), script), { clock });
    const usb = new Recorder(device);
    await usb.open();
    const setup = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
    for (;;) {
      const request = usb.submit({ type: 'control', setup, data: new Uint8Array(0), timeout: 700 });
      await new Promise(setImmediate);
      clock.advance(701);
      const { status } = await request.result;
      if (status === 'timedOut') break;
      expect(status).to.equal('completed');
    }
    expect(clock.pending).to.equal(0);
    await source.close();
    await close();
  });
});

describe('a hostile USB/IP server', () => {
  /** A device whose server's bytes a test can hold and add to. */
  async function tampered(clock: Clock = systemClock) {
    const server = await UsbipServer.listen({ port: 0, clock: systemClock });
    await server.attach(new OsrFx2());
    const wire = await Wire.to(server.url);
    const source = await openUsbipDevices({ host: wire.host, port: wire.port, busids: ['1-1'], clock });
    const [device] = await source.list();
    const usb = new Recorder(device!);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const close = async () => {
      await source.close();
      await wire.close();
      await server.close();
    };
    return { device: device!, usb, wire, close };
  }

  /** The number of the next command: a reply to the last one, when the wire holds, has it. */
  const head = (hex: string) => fromHex(hex.replaceAll(' ', '').padEnd(96, '0'));
  const replies: Record<string, (seqnum: string) => Uint8Array> = {
    'a command that is none': () => head('00000009'),
    'a command of importers': () => head('00000001 00000001'),
    'an answer to nothing': () => head('00000003 7fffffff'),
    'more data than was asked for': (seqnum) => head(`00000003 ${seqnum} 00000000 00000000 00000000 00000000 00000041`),
    'data of 4 GiB': (seqnum) => head(`00000003 ${seqnum} 00000000 00000000 00000000 00000000 ffffffff`),
  };
  for (const [what, bytes] of Object.entries(replies)) {
    it(`that sends ${what} loses the device: all that is pending is disconnected`, async () => {
      const { device, usb, wire, close } = await tampered();
      const pending = usb.in(0x88, 64);
      await usb.read(0x80, 0, 0, 0, 2);
      // Requests are counted: this is the one before the last.
      wire.isHolding = true;
      const last = usb.submit({
        ...{ type: 'control', timeout: 0, data: new Uint8Array(0) },
        setup: { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 },
      });
      while (wire.held.length === 0) await new Promise(setImmediate);
      const seqnum = wire.held[0]!.toString('hex', 4, 8);
      wire.inject(bytes((parseInt(seqnum, 16) - 2).toString(16).padStart(8, '0')));
      await gone(device);
      expect([(await pending.result).status, (await last.result).status]).to.deep.equal([
        'disconnected',
        'disconnected',
      ]);
      expect(usb.complaints).to.deep.equal([]);
      await close();
    });
  }

  it('that answers no unlink is left after 5 s when the device is closed', async () => {
    const clock = new VirtualClock();
    const { device, usb, wire, close } = await tampered(clock);
    const pending = usb.in(0x88, 64);
    await usb.read(0x80, 0, 0, 0, 2);
    wire.isHolding = true;
    const closed = usb.close();
    await clock.whenPending();
    clock.advance(5000);
    await closed;
    expect((await pending.result).status).to.equal('cancelled');
    await gone(device);
    expect(usb.complaints).to.deep.equal([]);
    await close();
  });

  it('that sends answers to unlinks which nobody sent changes nothing', async () => {
    const { device, usb, wire, close } = await tampered();
    for (let count = 0; count < 100; count += 1) wire.inject(head('00000004 00000001'));
    expect((await usb.read(0x80, 0, 0, 0, 2)).status).to.equal('completed');
    expect(device.gone.aborted).to.equal(false);
    await close();
  });

  /** A server that sends these bytes to each importer, and then nothing. */
  async function sending(bytes: Uint8Array, isEnding = false) {
    const sockets: Socket[] = [];
    const listener = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      if (isEnding) socket.end(bytes);
      else socket.write(bytes);
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const close = () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    };
    return { address: { host: '127.0.0.1', port }, close };
  }
  const answers: [what: string, hex: string, code: string][] = [
    ['what is no answer', '485454502f312e31', 'NOT_USBIP'],
    ['a list that has no end', `0111000500000000ffffffff${'00'.repeat(300 * 1024)}`, 'NOT_USBIP'],
    ['bytes behind the imported device', `0111000300000000${'00'.repeat(313)}`, 'NOT_USBIP'],
  ];
  for (const [what, hex, code] of answers) {
    it(`that sends ${what} is told in one line`, async () => {
      const { address, close } = await sending(fromHex(hex));
      const list = hex.startsWith('01110005');
      const error = await rejection(
        list
          ? listExported(address, systemClock)
          : openUsbipDevices({ ...address, busids: ['1-1'], clock: systemClock }),
      );
      expect(error).to.have.property('code', code);
      expect(error).to.have.property('message').that.does.not.include('\n');
      close();
    });
  }

  it('that says nothing, or leaves, is given up', async () => {
    const clock = new VirtualClock();
    const silent = await sending(new Uint8Array(0));
    const waiting = rejection(openUsbipDevices({ ...silent.address, busids: ['1-1'], clock }));
    await clock.whenPending();
    await new Promise(setImmediate);
    for (let over = false; !over;) {
      clock.advance(10_000);
      over = await Promise.race([waiting.then(() => true), new Promise(setImmediate).then(() => false)]);
    }
    expect(await waiting).to.have.property('code', 'TIMED_OUT');
    silent.close();
    const leaving = await sending(fromHex('01110003'), true);
    const error = await rejection(openUsbipDevices({ ...leaving.address, busids: ['1-1'], clock: systemClock }));
    expect(error).to.have.property('code', 'IMPORT_REFUSED');
    leaving.close();
  });
});

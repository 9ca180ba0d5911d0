import { expect } from 'chai';
import { GadgetZero } from '../../../src/devices/virtual/gadgetZero.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { UsbipServer } from '../../../src/hosts/usbipServer/usbipServer.ts';
import { ConnectionLimit } from '../../../src/admission/connectionLimit.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { UsbDevice } from '../../../src/ports/usb.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { stack } from '../../engine/stack.ts';
import { FakeUsbDevice } from '../fakeUsbDevice.ts';
import { turns } from '../../transports/turns.ts';
import { UsbipClient } from './usbipClient.ts';

const CONTENT = Uint8Array.from({ length: 512 * 256 }, (_, index) => (index >> 9) ^ index);
const newStick = () => new MassStorageStick({ blocks: new MemoryBlocks(CONTENT.slice()) });

/** What a server tells, in order, and somebody who waits for it. */
class Story {
  readonly lines: string[] = [];
  #wake = () => {};

  add(line: string): void {
    this.lines.push(line.replace(/usbip:\/\/127\.0\.0\.1:\d+/, 'CLIENT'));
    this.#wake();
  }

  /** Resolves when so many lines match. */
  async has(pattern: RegExp, count = 1): Promise<void> {
    while (this.lines.filter((line) => pattern.test(line)).length < count) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

let server: UsbipServer;
let story: Story;
let cleanUps: (() => Promise<unknown>)[];

async function listen(clock: Clock = systemClock, connections = new ConnectionLimit(Infinity)): Promise<void> {
  story = new Story();
  const name = ({ identity }: { identity: { productId: number } }) => identity.productId.toString(16);
  server = await UsbipServer.listen({
    port: 0,
    clock,
    connections,
    onImported: (device, remote) => story.add(`imported ${name(device)} by ${remote}`),
    onReleased: (device, remote, error) =>
      story.add(`released ${name(device)} by ${remote}${error === undefined ? '' : `: ${error.message}`}`),
    onRefused: (error, remote) => story.add(`refused ${remote}: ${error.message}`),
  });
}

async function attach(device: UsbDevice): Promise<void> {
  const { location } = await server.attach(device);
  story.add(`exported ${device.identity.productId.toString(16)} as ${location}`);
}

/** Redirects a device in memory to the server under test. */
async function redirect(device: VirtualDevice): Promise<VirtualDevice> {
  const ends = stack();
  const { client } = ends;
  ends.server.watch((redirected) => void attach(redirected));
  const before = story.lines.filter((line) => line.startsWith('exported')).length;
  await client.attach(device);
  await story.has(/^exported/, before + 1);
  cleanUps.push(() => client.close());
  return device;
}

async function connect(): Promise<UsbipClient> {
  const client = await UsbipClient.connect(server.url);
  cleanUps.push(() => Promise.resolve(client.socket.destroy()));
  return client;
}

async function list() {
  return (await connect()).list();
}

async function importing(busid: string): Promise<UsbipClient> {
  const client = await connect();
  expect(await client.import(busid)).to.include({ status: 0 });
  return client;
}

const SET_CONFIGURATION = [0, 9, 1, 0, 0, 0, 0, 0];

/** Bulk-Only Transport: READ(10) of blocks. */
async function readBlocks(client: UsbipClient, first: number, count: number): Promise<Uint8Array> {
  const command = Buffer.alloc(31);
  command.write('USBC', 0, 'latin1');
  command.writeUInt32LE(0xcafe, 4);
  command.writeUInt32LE(count * 512, 8);
  command.set([0x80, 0, 10, 0x28], 12);
  command.writeUInt32BE(first, 17);
  command.writeUInt16BE(count, 22);
  const [sent, data, status] = await Promise.all([
    client.submit({ direction: 'out', ep: 2, data: command }).reply,
    client.submit({ direction: 'in', ep: 1, length: count * 512 }).reply,
    client.submit({ direction: 'in', ep: 1, length: 13 }).reply,
  ]);
  expect(sent).to.include({ status: 0, actualLength: 31 });
  expect(Buffer.from(status.data).toString('hex')).to.equal(`55534253feca00000000000000`);
  return data.data;
}

describe('a USB/IP server', () => {
  beforeEach(() => {
    cleanUps = [];
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
    await server.close();
  });

  describe('lists', () => {
    beforeEach(() => listen());

    it('nothing where there is nothing', async () => {
      expect(server.url).to.match(/^usbip:\/\/127\.0\.0\.1:\d+$/);
      expect(await list()).to.deep.equal([]);
    });

    it('each device with its ids, classes and interfaces', async () => {
      const stick = await redirect(newStick());
      const gadget = await redirect(new GadgetZero({ speed: 'full' }));
      const { vendorId, productId, deviceVersion } = stick.identity;
      const [first, second] = await list();
      expect(first).to.deep.equal({
        path: '/urbdrc/1-1',
        busid: '1-1',
        busnum: 1,
        devnum: 2,
        speed: 3,
        ids: [vendorId, productId, deviceVersion],
        classes: [0, 0, 0, 8, 6, 0x50, 0],
        configurationValue: 1,
        configurations: 1,
        interfaceCount: 1,
      });
      expect(second).to.deep.include({ busid: '1-2', devnum: 3, speed: 2, configurations: 2, interfaceCount: 1 });
      expect(second?.configurationValue).to.equal(gadget.configurationDescriptors[0]?.[5]);
    });

    it('a device under one name as long as it is there, and gives the name to another afterwards', async () => {
      const first = await redirect(newStick());
      await redirect(new HidKeyboard());
      first.unplug();
      while ((await list()).length !== 1);
      expect((await list()).map(({ busid }) => busid)).to.deep.equal(['1-2']);
      await redirect(newStick());
      expect((await list()).map(({ busid }) => busid)).to.deep.equal(['1-1', '1-2']);
    });

    it('to a client that sends its request byte by byte', async () => {
      await redirect(newStick());
      const client = await connect();
      client.socket.setNoDelay(true);
      for (const byte of [1, 0x11, 0x80, 5, 0, 0, 0, 0]) {
        client.socket.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      expect(await client.listed()).to.have.length(1);
    });
  });

  describe('lends a device', () => {
    beforeEach(() => listen());

    it('that answers requests, and whose blocks can be read', async () => {
      const stick = await redirect(newStick());
      const client = await connect();
      const { status, device } = await client.import('1-1');
      expect(status).to.equal(0);
      expect(device).to.deep.include({ busid: '1-1', busnum: 1, devnum: 2, interfaceCount: 1, classes: [0, 0, 0] });
      const descriptor = await client.control([0x80, 6, 0, 1, 0, 0, 64, 0]);
      expect(descriptor).to.include({ status: 0, actualLength: 18 });
      expect([...descriptor.data]).to.deep.equal([...stick.deviceDescriptor]);
      expect(await client.control(SET_CONFIGURATION)).to.include({ status: 0 });
      expect(Buffer.compare(await readBlocks(client, 3, 200), CONTENT.subarray(3 * 512, 203 * 512))).to.equal(0);
      expect(story.lines.at(-1)).to.match(/^imported .* by CLIENT$/);
    });

    it('to a client that does not wait for the answer to its import', async () => {
      const stick = await redirect(newStick());
      const client = await connect();
      client.socket.cork();
      client.socket.write(UsbipClient.importRequest('1-1'));
      const { reply } = client.submit({
        direction: 'in',
        ep: 0,
        length: 18,
        setup: Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0),
      });
      client.socket.uncork();
      expect((await client.imported()).status).to.equal(0);
      expect([...(await reply).data]).to.deep.equal([...stick.deviceDescriptor]);
    });

    it('whose stalls and short packets are told as Linux tells them', async () => {
      await redirect(newStick());
      const client = await importing('1-1');
      // A string that does not exist.
      expect(await client.control([0x80, 6, 77, 3, 9, 4, 255, 0])).to.include({ status: -32, actualLength: 0 });
    });

    it('whose transfers can be given up', async () => {
      await redirect(new HidKeyboard());
      const client = await importing('1-1');
      await client.control(SET_CONFIGURATION);
      const { seqnum } = client.submit({ direction: 'in', ep: 1, length: 8, interval: 10 });
      expect(await client.unlink(seqnum)).to.equal(-104);
      expect(await client.unlink(seqnum)).to.equal(0);
      expect(client.replies).not.to.include(seqnum);
    });

    it('with isochronous endpoints, whose packets come with their lengths', async () => {
      await redirect(new GadgetZero({ clock: systemClock, pattern: 1 }));
      const client = await importing('1-1');
      await client.control([0, 9, 3, 0, 0, 0, 0, 0]);
      await client.control([1, 11, 1, 0, 0, 0, 0, 0]);
      const packets = Array.from({ length: 8 }, () => 1024);
      const reply = await client.submit({ direction: 'in', ep: 2, packets, interval: 1 }).reply;
      expect(reply).to.include({ status: 0, actualLength: 8 * 1024 });
      expect(reply.packets.map(({ offset }) => offset)).to.deep.equal(packets.map((_, index) => index * 1024));
      expect([...reply.data.subarray(0, 64)]).to.deep.equal(Array.from({ length: 64 }, (_, index) => index % 63));
    });

    it('to one client at a time', async () => {
      await redirect(newStick());
      await importing('1-1');
      expect(await list()).to.deep.equal([]);
      const second = await connect();
      expect(await second.import('1-1')).to.deep.equal({ status: 2 });
      await second.closed();
      await story.has(/^refused CLIENT: another client has device 1-1$/);
    });

    it('again when the client has left, and its transfers have ended', async () => {
      await redirect(new HidKeyboard());
      for (let turn = 0; turn < 3; turn += 1) {
        const client = await importing('1-1');
        await client.control(SET_CONFIGURATION);
        for (let count = 0; count < 10; count += 1) {
          void client.submit({ direction: 'in', ep: 1, length: 8, interval: 10 });
        }
        client.socket.destroy();
        await story.has(/^released .* by CLIENT/, turn + 1);
      }
      expect(await list()).to.have.length(1);
    });

    it('to the next one that waits while the one before is still being cleared away', async () => {
      const device = new FakeUsbDevice();
      await server.attach(device);
      let letGo = () => {};
      const first = await importing('1-1');
      device.gate = new Promise((resolve) => (letGo = resolve));
      first.socket.destroy();
      while (device.calls.length < 2) await new Promise(setImmediate);
      const second = await connect();
      const imported = second.import('1-1');
      await new Promise(setImmediate);
      letGo();
      device.gate = undefined;
      expect(await imported).to.include({ status: 0 });
      expect(device.calls).to.deep.equal(['open', 'close', 'open']);
    });

    it('until it leaves: then the connection ends', async () => {
      const stick = await redirect(newStick());
      const client = await importing('1-1');
      void client.submit({ direction: 'in', ep: 1, length: 13 });
      stick.unplug();
      await client.closed();
      await story.has(/^released .* by CLIENT$/);
      expect(await list()).to.deep.equal([]);
    });

    it('and takes it back when it is closed', async () => {
      const device = new FakeUsbDevice();
      await server.attach(device);
      const client = await importing('1-1');
      void client.submit({ direction: 'in', ep: 1, length: 64 });
      await server.close();
      await client.closed();
      expect(device.calls).to.deep.equal(['open', 'close']);
      expect(device.given).to.deep.equal([]);
    });
  });

  describe('refuses', () => {
    it('a device that it does not have', async () => {
      await listen();
      const client = await connect();
      expect(await client.import('1-9')).to.deep.equal({ status: 4 });
      await story.has(/^refused CLIENT: there is no device 1-9$/);
    });

    it('a device that cannot be opened', async () => {
      await listen();
      const device = new FakeUsbDevice();
      device.openError = new Error('somebody else has it');
      await server.attach(device);
      const client = await connect();
      expect(await client.import('1-1')).to.deep.equal({ status: 3 });
      await story.has(/^refused CLIENT: device 1-1 cannot be opened: somebody else has it$/);
      expect(device.calls).to.deep.equal(['open']);
    });

    const nonsense: Record<string, [string, RegExp]> = {
      'what is no USB/IP': ['GET / HTTP/1.1\r\n\r\n', /what it sent is no request of USB\/IP/],
      'another version': ['\x01\x06\x80\x05\0\0\0\0', /it speaks version 0x106 of USB\/IP, not 0x111/],
      'an answer': ['\x01\x11\x00\x05\0\0\0\0', /what it sent is no request/],
      'a name without an end': [`\x01\x11\x80\x03\0\0\0\0${'1'.repeat(32)}`, /busid: no NUL ends the text/],
    };
    for (const [what, [text, line]] of Object.entries(nonsense)) {
      it(`${what}, in one line`, async () => {
        await listen();
        const client = await connect();
        client.socket.write(text, 'latin1');
        await client.closed();
        await story.has(line);
        expect(story.lines).to.have.length(1);
        expect(client.unread).to.equal(0);
      });
    }

    it('a client that leaves before it asks', async () => {
      await listen();
      (await connect()).socket.end();
      await story.has(/^refused CLIENT: it closed the connection before it asked for anything$/);
    });

    it('a client that sends no whole request in ten seconds', async () => {
      const clock = new VirtualClock();
      await listen(clock);
      const client = await connect();
      client.socket.write(UsbipClient.importRequest('1-1').subarray(0, 39));
      await clock.whenPending();
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      clock.advance(9_999);
      expect(story.lines).to.deep.equal([]);
      clock.advance(1);
      await client.closed();
      await story.has(/^refused CLIENT: it made no request within 10000 ms$/);
      expect(clock.pending).to.equal(0);
    });

    it('a client that sends nothing in three seconds', async () => {
      const clock = new VirtualClock();
      await listen(clock);
      const client = await connect();
      await clock.whenPending();
      clock.advance(2_999);
      expect(story.lines).to.deep.equal([]);
      clock.advance(1);
      await client.closed();
      await story.has(/^refused CLIENT: it sent nothing within 3000 ms$/);
      expect(clock.pending).to.equal(0);
    });

    it('a client when all connections of the process are taken', async () => {
      const connections = new ConnectionLimit(1);
      await listen(systemClock, connections);
      const first = await connect();
      await (await connect()).closed();
      await story.has(/^refused CLIENT: 1 connections are open already, the most for this process$/);
      first.socket.destroy();
      await story.has(/closed the connection before/);
      while (connections.count > 0) await new Promise(setImmediate);
      expect(await list()).to.deep.equal([]);
    });

    it('more than 16 clients from one address that ask for nothing: the oldest gives way', async () => {
      await listen(new VirtualClock());
      await redirect(newStick());
      const client = await importing('1-1');
      const [oldest] = await Promise.all(Array.from({ length: 10 }, () => connect()));
      // A request that was answered leaves its place.
      for (let count = 0; count < 20; count += 1) {
        expect(await list()).to.deep.equal([]);
        await turns(5);
      }
      await Promise.all(Array.from({ length: 6 }, () => connect()));
      expect(story.lines.filter((line) => line.startsWith('refused'))).to.deep.equal([]);
      expect(await list()).to.deep.equal([]);
      await oldest!.closed();
      await story.has(/^refused CLIENT: it gave way to a newer connection: at most 32 may be without a device$/);
      expect(await client.control(SET_CONFIGURATION)).to.include({ status: 0 });
      expect(Buffer.compare(await readBlocks(client, 0, 1), CONTENT.subarray(0, 512))).to.equal(0);
    });

    it('commands that make no sense: the client loses the device', async () => {
      await listen();
      await redirect(newStick());
      const client = await importing('1-1');
      client.socket.write(Buffer.alloc(48, 0xff));
      await client.closed();
      await story.has(/^released .* by CLIENT: usbip_header_basic\.command: neither/);
      expect(await list()).to.have.length(1);
    });

    it('to listen where it may not', async () => {
      await listen();
      const port = Number(server.url.split(':').at(-1));
      const error = await UsbipServer.listen({ port, clock: systemClock }).catch((reason: unknown) => reason);
      expect(error)
        .to.be.instanceOf(Error)
        .with.property('message')
        .that.matches(/EADDRINUSE/);
    });
  });
});

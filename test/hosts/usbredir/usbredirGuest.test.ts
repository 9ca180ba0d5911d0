import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { HostError } from '../../../src/hosts/hostError.ts';
import { UsbredirGuest } from '../../../src/hosts/usbredir/usbredirGuest.ts';
import { ManualClock } from '../../../fuzz/manualClock.ts';
import { FakeUsbDevice, result } from '../fakeUsbDevice.ts';
import { ScriptedGuest } from './scriptedGuest.ts';

const NONE = { id: 0, idHigh: 0 };
const RESET = { name: 'usb_redir_reset', ...NONE } as const;
const ACK = { name: 'usb_redir_device_disconnect_ack', ...NONE } as const;
const REJECT = { name: 'usb_redir_filter_reject', ...NONE } as const;

describe('a guest of usbredir as a sink', () => {
  let server: Server;
  let clock: ManualClock;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    clock = new ManualClock();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  async function connected() {
    const address = server.address();
    if (address === null || typeof address !== 'object') throw new TypeError('no port');
    const socket = connect(address.port, '127.0.0.1');
    const [other] = (await once(server, 'connection')) as [Socket];
    sockets.push(socket, other);
    const filters: string[] = [];
    let filtered: () => void = () => {};
    const hasFilter = new Promise<void>((resolve) => (filtered = resolve));
    const sink = new UsbredirGuest(socket, {
      name: 'usbredir://test',
      version: 'urbdrc test',
      clock,
      onFilter: (filter) => {
        filters.push(filter);
        filtered();
      },
    });
    return { sink, socket, other, filters, hasFilter };
  }

  async function ready() {
    const { sink, socket, other, hasFilter } = await connected();
    const guest = new ScriptedGuest(other);
    expect(await sink.ready).to.be.true;
    return { sink, socket, guest, hasFilter };
  }

  /** A sink with a device that the guest has begun to use. */
  async function attached(device = new FakeUsbDevice(() => result('completed'))) {
    const { sink, socket, guest } = await ready();
    const attaching = sink.attach(device);
    await guest.next('usb_redir_device_connect');
    guest.send(RESET);
    return { sink, socket, guest, device, attachment: await attaching };
  }

  async function rejection(attaching: Promise<unknown>): Promise<HostError> {
    const error = await attaching.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(HostError);
    return error as HostError;
  }

  it('gives the device to the guest, and takes it back: disconnect, and the next one after the acknowledgement', async () => {
    const { sink, guest, attachment, device } = await attached();
    expect(attachment.location).to.equal('usbredir://test');
    expect(sink.isBusy).to.be.true;
    const released = attachment.release();
    await guest.next('usb_redir_device_disconnect');
    await released;
    expect(await attachment.ended).to.deep.equal({ reason: 'released' });
    expect(device.calls).to.deep.equal(['open', 'close']);
    const again = sink.attach(new FakeUsbDevice(() => result('completed')));
    guest.send(ACK);
    await guest.next('usb_redir_device_connect');
    guest.send(RESET);
    await (await again).release();
  });

  it('takes one device at a time', async () => {
    const { sink } = await attached();
    const error = await rejection(sink.attach(new FakeUsbDevice()));
    expect(error.code).to.equal('NO_FREE_PORT');
  });

  it('names the rule that refuses a device also while it has another one', async () => {
    const { sink, guest, hasFilter } = await ready();
    guest.send({ name: 'usb_redir_filter_filter', ...NONE, filter: '0x08,-1,-1,-1,1' });
    await hasFilter;
    const stick = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(512)) });
    const attaching = sink.attach(stick);
    await guest.next('usb_redir_device_connect');
    guest.send(RESET);
    await attaching;
    expect((await rejection(sink.attach(new FakeUsbDevice()))).message).to.include('no rule of the filter matches');
    expect((await rejection(sink.attach(stick))).code).to.equal('NO_FREE_PORT');
    await sink.close();
  });

  it('does not open a device that the filter of the guest refuses, and says which rule does', async () => {
    const { sink, guest, hasFilter } = await ready();
    guest.send({ name: 'usb_redir_filter_filter', ...NONE, filter: '0xff,-1,-1,-1,0|-1,-1,-1,-1,1' });
    await hasFilter;
    const device = new FakeUsbDevice();
    const error = await rejection(sink.attach(device));
    expect(error.code).to.equal('GUEST_REFUSED');
    expect(error.message).to.equal(
      'the filter of usbredir://test refuses it: denied by 0xff,-1,-1,-1,0 for interface 0 (class ff)',
    );
    expect(device.calls).to.deep.equal([]);
    expect(sink.isBusy).to.be.false;
  });

  it('a device that the guest rejects is closed, and the error says why as far as that is known', async () => {
    const { sink, guest } = await ready();
    const device = new FakeUsbDevice();
    const attaching = rejection(sink.attach(device));
    await guest.next('usb_redir_device_connect');
    guest.send(REJECT);
    await guest.next('usb_redir_device_disconnect');
    const error = await attaching;
    expect(error.code).to.equal('GUEST_REFUSED');
    expect(error.message).to.include('no port for a device of this speed');
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('a guest that rejects a device later refuses it', async () => {
    const { guest, attachment } = await attached();
    guest.send(REJECT);
    expect(await attachment.ended).to.deep.equal({
      reason: 'refused',
      explanation:
        'usbredir://test refuses it: its machine has no port for a device of this speed, or the log of QEMU says why',
    });
  });

  it('a machine that is paused gets the device, and is waited for no longer than 3 seconds', async () => {
    const { sink, guest } = await ready();
    const attaching = sink.attach(new FakeUsbDevice(() => result('completed')));
    await guest.next('usb_redir_device_connect');
    clock.advance(3000);
    await (await attaching).release();
    // It has not seen yet that the device is gone.
    const next = rejection(sink.attach(new FakeUsbDevice()));
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(5000);
    expect((await next).code).to.equal('TIMED_OUT');
  });

  it('tells the guest that the device was unplugged', async () => {
    const device = new FakeUsbDevice(() => result('completed'));
    const { guest, attachment } = await attached(device);
    device.unplug();
    await guest.next('usb_redir_device_disconnect');
    expect(await attachment.ended).to.deep.equal({ reason: 'unplugged' });
  });

  it('ends with the connection: transfers are cancelled and the device is closed', async () => {
    const device = new FakeUsbDevice((operation) =>
      operation.type === 'transferIn' ? undefined : result('completed'),
    );
    const { sink, guest, attachment } = await attached(device);
    guest.send({
      name: 'usb_redir_bulk_packet',
      id: 3,
      idHigh: 0,
      endpoint: 0x81,
      status: 0,
      length: 512,
      streamId: 0,
      hasLengthHigh: true,
      data: new Uint8Array(0),
    });
    guest.socket.end();
    expect(await sink.closed).to.equal(undefined);
    expect((await attachment.ended).reason).to.equal('closed');
    expect(device.given).to.deep.equal([]);
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect((await rejection(sink.attach(new FakeUsbDevice()))).code).to.equal('HOST_CLOSED');
  });

  it('closing takes the device away from the guest first', async () => {
    const { sink, guest, attachment } = await attached();
    const closing = sink.close();
    await guest.next('usb_redir_device_disconnect');
    await closing;
    expect(await attachment.ended).to.deep.equal({ reason: 'released' });
  });

  it('reads no requests while 4 MiB of answers wait, and goes on when they are taken', async () => {
    const data = new Uint8Array(0xffff);
    const device = new FakeUsbDevice((operation) =>
      operation.type === 'control' ? result('completed', data) : result('completed'),
    );
    const { socket, guest } = await attached(device);
    guest.socket.pause();
    const count = 400;
    for (let id = 1; id <= count; id += 1) {
      guest.send({
        name: 'usb_redir_control_packet',
        id,
        idHigh: 0,
        endpoint: 0x80,
        request: 6,
        requesttype: 0x80,
        status: 0,
        value: 0x100,
        index: 0,
        length: data.byteLength,
        data: new Uint8Array(0),
      });
      while (id === count && !socket.isPaused()) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(socket.writableLength).to.be.above(4 * 1024 * 1024);
    guest.socket.resume();
    for (let id = 1; id <= count; id += 1) expect((await guest.next('usb_redir_control_packet')).id).to.equal(id);
    expect(socket.isPaused()).to.be.false;
  });

  it('says that the other end is no usbredir', async () => {
    const { sink, other } = await connected();
    other.write('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n');
    const error = await sink.closed;
    expect(error).to.include({ code: 'NOT_USBREDIR' });
    expect(await sink.ready).to.be.false;
  });

  it('does not announce a device before the guest has said hello', async () => {
    const { sink, other } = await connected();
    const device = new FakeUsbDevice(() => result('completed'));
    const attaching = sink.attach(device);
    const guest = new ScriptedGuest(other);
    await guest.next('usb_redir_device_connect');
    guest.send(RESET);
    await (await attaching).release();
  });
});

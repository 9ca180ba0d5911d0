import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { HostedDevice } from '../../../src/hosts/usbredir/hostedDevice.ts';
import { type LinkPacket, UsbredirLink } from '../../../src/usbredir/usbredirLink.ts';
import { FakeUsbDevice, result } from '../fakeUsbDevice.ts';

const ID = { id: 1, idHigh: 0 };
const NONE = { id: 0, idHigh: 0 };
const EMPTY = new Uint8Array(0);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A device that answers nothing by itself, in a guest that says what it is told to. */
function hosted(answer: (operation: UsbOperation) => UsbResult | undefined = () => undefined, capabilities = 0xff) {
  const device = new FakeUsbDevice(answer);
  const sent: LinkPacket[] = [];
  const dropped: number[] = [];
  const link = new UsbredirLink({ role: 'host', version: 'test', capabilities: 0xfe, maximumLength: 1e6 });
  const peer = new UsbredirLink({ role: 'guest', version: 'peer', capabilities, maximumLength: 1e6 });
  expect([...link.receive(joinParts(peer.hello()))]).to.have.length(1);
  const line = { backlog: 0 };
  const target = new HostedDevice(device, {
    link,
    send: (packet) => {
      // It has to be one that can be sent.
      link.encode(packet);
      sent.push(packet);
    },
    backlog: () => line.backlog,
    dropped: (_endpoint, packets) => dropped.push(packets),
  });
  const take = () => sent.splice(0, sent.length);
  return { device, target, take, line, dropped, execute: (packet: LinkPacket) => target.execute(packet) };
}

const control = (fields: Partial<Extract<LinkPacket, { name: 'usb_redir_control_packet' }>> = {}) =>
  ({
    name: 'usb_redir_control_packet',
    ...ID,
    endpoint: 0x80,
    request: 6,
    requesttype: 0x80,
    status: 0x29,
    value: 0x100,
    index: 0,
    length: 8,
    data: EMPTY,
    ...fields,
  }) as const;
const bulk = (fields: Partial<Extract<LinkPacket, { name: 'usb_redir_bulk_packet' }>> = {}) =>
  ({
    name: 'usb_redir_bulk_packet',
    ...ID,
    endpoint: 0x81,
    status: 0x58,
    length: 512,
    streamId: 0,
    hasLengthHigh: true,
    data: EMPTY,
    ...fields,
  }) as const;
const setAlt = { name: 'usb_redir_set_alt_setting', ...ID, interface: 1, alt: 1 } as const;
const startIso = (endpoint: number, pktsPerUrb = 2, noUrbs = 2) =>
  ({ name: 'usb_redir_start_iso_stream', ...ID, endpoint, pktsPerUrb, noUrbs }) as const;

describe('a device in a guest of usbredir', () => {
  it('is announced with its endpoints and interfaces first', () => {
    const { target, take } = hosted();
    target.announce();
    const [endpoints, interfaces, connect, ...others] = take();
    expect(others).to.deep.equal([]);
    expect(endpoints?.name === 'usb_redir_ep_info' && endpoints.endpoints.slice(1)).to.deep.equal([
      { endpoint: 0x02, type: 2, interval: 0, interface: 0, maxPacketSize: 512 },
      { endpoint: 0x80, type: 0, interval: 0, interface: 0, maxPacketSize: 64 },
      { endpoint: 0x81, type: 2, interval: 0, interface: 0, maxPacketSize: 512 },
      { endpoint: 0x83, type: 3, interval: 10, interface: 0, maxPacketSize: 8 },
    ]);
    expect(interfaces?.name === 'usb_redir_interface_info' && interfaces.interfaces).to.have.length(2);
    expect(connect).to.include({
      name: 'usb_redir_device_connect',
      speed: 2,
      vendorId: 0x46f4,
      deviceVersionBcd: 0x1234,
    });
  });

  it('is announced without what the guest cannot read', () => {
    const { target, take } = hosted(undefined, 0);
    target.announce();
    const [endpoints, , connect] = take();
    expect(endpoints?.name === 'usb_redir_ep_info' && endpoints.endpoints[0]).to.not.have.property('maxPacketSize');
    expect(connect).to.not.have.property('deviceVersionBcd');
    expect(connect).to.not.have.property('idHigh');
  });

  it('gets control requests with the time limit of usbredir, and the answer repeats the head', () => {
    const { device, take, execute } = hosted(() => result('completed', Uint8Array.of(1, 2, 3)));
    execute(control());
    const setup = { bmRequestType: 0x80, bRequest: 6, wValue: 0x100, wIndex: 0, wLength: 8 };
    expect(device.submitted).to.deep.equal([{ type: 'control', setup, data: EMPTY, timeout: 5000 }]);
    expect(take()).to.deep.equal([control({ status: 0, length: 3, data: Uint8Array.of(1, 2, 3) })]);
  });

  it('gets CLEAR_FEATURE(ENDPOINT_HALT) as a clear halt, and never an address', () => {
    const { device, take, execute } = hosted(() => result('completed'));
    execute(control({ endpoint: 0, requesttype: 2, request: 1, value: 0, index: 0x81, length: 0 }));
    execute(control({ endpoint: 0, requesttype: 0, request: 5, value: 9, index: 0, length: 0 }));
    expect(device.submitted).to.deep.equal([{ type: 'clearHalt', endpointAddress: 0x81 }]);
    expect(take().map((packet) => 'status' in packet && packet.status)).to.deep.equal([0, 4]);
  });

  it('refuses what contradicts itself: directions, endpoints of another type, streams, an id twice', () => {
    const { device, take, execute } = hosted();
    execute(control({ endpoint: 0 }));
    execute(bulk({ endpoint: 0x83 }));
    execute(bulk({ endpoint: 0x8f }));
    execute(bulk({ streamId: 1 }));
    execute(bulk());
    expect(device.submitted).to.have.length(1);
    execute(bulk());
    expect(take().map((packet) => 'status' in packet && packet.status)).to.deep.equal([2, 2, 2, 2, 2]);
  });

  it('tells how transfers end, with the bytes that came, and no more than there is room for', () => {
    const { device, take, execute } = hosted();
    const statuses = ['stalled', 'timedOut', 'overflowed', 'failed', 'notFound'] as const;
    for (const status of statuses) {
      execute(bulk());
      device.given.at(-1)?.complete(result(status));
    }
    execute(bulk({ length: 4 }));
    device.given.at(-1)?.complete(result('completed', new Uint8Array(5)));
    const told = take().map((packet) => packet.name === 'usb_redir_bulk_packet' && [packet.status, packet.length]);
    expect(told).to.deep.equal([
      [4, 0],
      [5, 0],
      [6, 0],
      [3, 0],
      [2, 0],
      [6, 4],
    ]);
  });

  it('answers a cancelled request at once, once, and says nothing of its real end', () => {
    const { device, take, execute } = hosted();
    device.holdCancelled = true;
    execute(bulk());
    execute({ name: 'usb_redir_cancel_data_packet', ...ID });
    expect(take()).to.deep.equal([bulk({ status: 1, length: 0 })]);
    expect(device.given[0]?.cancelled).to.be.true;
    // The guest uses the id again.
    execute(bulk({ length: 64 }));
    device.given[0]?.complete(result('cancelled'));
    expect(take()).to.deep.equal([]);
    device.given.at(-1)?.complete(result('completed', new Uint8Array(64)));
    expect(take()).to.have.length(1);
    execute({ name: 'usb_redir_cancel_data_packet', ...ID });
    expect(take()).to.deep.equal([]);
  });

  it('is reset once where a guest resets twice, and again after it was used; what follows waits', () => {
    const { device, take, execute } = hosted();
    const reset = { name: 'usb_redir_reset', ...NONE } as const;
    execute(reset);
    execute(reset);
    execute(control());
    expect(device.submitted.map(({ type }) => type)).to.deep.equal(['resetDevice']);
    device.given[0]?.complete(result('completed'));
    expect(device.submitted.map(({ type }) => type)).to.deep.equal(['resetDevice', 'control']);
    execute(reset);
    expect(device.submitted.map(({ type }) => type)).to.deep.equal(['resetDevice', 'control', 'resetDevice']);
    // A request that waits can be cancelled.
    execute(control({ id: 9 }));
    execute({ name: 'usb_redir_cancel_data_packet', id: 9, idHigh: 0 });
    expect(take()).to.deep.equal([control({ id: 9, status: 1, length: 0 })]);
  });

  it('tells endpoints and interfaces anew before it says that a configuration or setting is selected', () => {
    const { device, take, execute } = hosted(() => result('completed'));
    execute({ name: 'usb_redir_set_configuration', ...ID, configuration: 2 });
    const packets = take();
    expect(packets.map(({ name }) => name)).to.deep.equal([
      'usb_redir_ep_info',
      'usb_redir_interface_info',
      'usb_redir_configuration_status',
    ]);
    expect(packets[2]).to.deep.equal({ name: 'usb_redir_configuration_status', ...ID, status: 0, configuration: 2 });
    device.answer = () => result('stalled');
    execute({ name: 'usb_redir_set_alt_setting', ...ID, interface: 0, alt: 7 });
    execute({ name: 'usb_redir_get_alt_setting', ...ID, interface: 5 });
    expect(take()).to.deep.equal([
      { name: 'usb_redir_alt_setting_status', ...ID, status: 4, interface: 0, alt: 0 },
      { name: 'usb_redir_alt_setting_status', ...ID, status: 2, interface: 5, alt: 255 },
    ]);
  });

  it('has no bulk streams to give', () => {
    const { take, execute } = hosted();
    execute({ name: 'usb_redir_alloc_bulk_streams', ...ID, endpoints: 4, noStreams: 16 });
    const status = { name: 'usb_redir_bulk_streams_status', ...ID, endpoints: 4, noStreams: 0, status: 2 };
    expect(take()).to.deep.equal([status]);
  });

  it('refuses transfers of more than 16 MiB, and more than 64 MiB at a time', () => {
    const { device, take, execute } = hosted();
    execute(bulk({ length: 16 * 1024 * 1024 + 1 }));
    expect(take()).to.deep.equal([bulk({ status: 3, length: 0 })]);
    for (let id = 10; id < 14; id += 1) execute(bulk({ id, length: 16 * 1024 * 1024 - 512 }));
    expect(take()).to.deep.equal([]);
    execute(bulk({ id: 14, length: 4096 }));
    expect(take()).to.deep.equal([bulk({ id: 14, status: 3, length: 0 })]);
    expect(device.given).to.have.length(1);
  });

  it('has at most 64 MiB and 4096 packets wait behind a reset', () => {
    const { device, take, execute } = hosted();
    execute({ name: 'usb_redir_reset', ...NONE });
    const data = new Uint8Array(15 * 1024 * 1024);
    const write = (id: number) => execute(bulk({ id, endpoint: 2, length: data.byteLength, data }));
    for (let id = 10; id < 14; id += 1) write(id);
    expect(take()).to.deep.equal([]);
    write(14);
    expect(take()).to.deep.equal([bulk({ id: 14, endpoint: 2, status: 3, length: 0 })]);
    for (let id = 20; id < 20 + 4096 - 4; id += 1) execute(control({ id }));
    expect(take()).to.deep.equal([]);
    execute(control({ id: 5000 }));
    expect(take()).to.deep.equal([control({ id: 5000, status: 3, length: 0 })]);
    device.given[0]?.complete(result('completed'));
    expect(device.submitted.length).to.be.above(2);
  });

  it('says nothing once it is closed, and everything at the device is cancelled', () => {
    const { device, target, take, execute } = hosted();
    execute(bulk());
    target.close();
    expect(device.given[0]?.cancelled ?? true).to.be.true;
    execute(control());
    expect(take()).to.deep.equal([]);
    expect(device.submitted).to.have.length(1);
  });
});

describe('streams of a device in a guest', () => {
  const start = { name: 'usb_redir_start_interrupt_receiving', ...ID, endpoint: 0x83 } as const;

  it('interrupt: five transfers are at the device, results are numbered, and a start twice is refused', async () => {
    const { device, take, execute } = hosted();
    execute(start);
    await nextTurn();
    expect(device.given.map(({ operation }) => operation)).to.deep.equal(
      Array.from({ length: 5 }, () => ({ type: 'transferIn', endpointAddress: 0x83, length: 8 })),
    );
    execute(start);
    for (const data of [Uint8Array.of(1), Uint8Array.of(2)]) device.given[0]?.complete(result('completed', data));
    expect(device.given).to.have.length(5);
    const fields = { endpoint: 0x83, status: 0, length: 1 };
    expect(take()).to.deep.equal([
      { name: 'usb_redir_interrupt_receiving_status', ...ID, status: 0, endpoint: 0x83 },
      { name: 'usb_redir_interrupt_receiving_status', ...ID, status: 2, endpoint: 0x83 },
      { name: 'usb_redir_interrupt_packet', ...NONE, ...fields, data: Uint8Array.of(1) },
      { name: 'usb_redir_interrupt_packet', ...ID, ...fields, data: Uint8Array.of(2) },
    ]);
    execute({ name: 'usb_redir_stop_interrupt_receiving', ...ID, endpoint: 0x83 });
    expect(take()).to.deep.equal([{ name: 'usb_redir_interrupt_receiving_status', ...ID, status: 0, endpoint: 0x83 }]);
    expect(device.given).to.deep.equal([]);
  });

  it('are not read while the guest takes nothing, and lose nothing by that', async () => {
    const { device, target, take, line, execute } = hosted();
    execute(start);
    await nextTurn();
    line.backlog = 1024 * 1024;
    for (let count = 0; count < 5; count += 1) device.given[0]?.complete(result('completed', Uint8Array.of(count)));
    expect(take().filter(({ name }) => name === 'usb_redir_interrupt_packet')).to.have.length(5);
    expect(device.given).to.deep.equal([]);
    line.backlog = 0;
    target.drained();
    expect(device.given).to.have.length(5);
  });

  it('begin anew after a stall, with a cleared halt and numbers from 0', async () => {
    const { device, take, execute } = hosted();
    execute(start);
    await nextTurn();
    device.given[0]?.complete(result('completed', Uint8Array.of(7)));
    device.given[0]?.complete(result('stalled'));
    expect(device.given.map(({ operation }) => operation.type)).to.deep.equal(['clearHalt']);
    device.given[0]?.complete(result('completed'));
    await nextTurn();
    expect(device.given).to.have.length(5);
    take();
    device.given[0]?.complete(result('completed', Uint8Array.of(8)));
    expect(take()).to.deep.include({
      name: 'usb_redir_interrupt_packet',
      ...NONE,
      endpoint: 0x83,
      status: 0,
      length: 1,
      data: Uint8Array.of(8),
    });
  });

  it('of a device that only fails end, and the guest is told', async () => {
    const { device, take, execute } = hosted((operation) =>
      operation.type === 'transferIn' ? result('failed') : undefined,
    );
    execute(start);
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(device.submitted).to.have.length(16);
    const last = take().at(-1);
    expect(last).to.deep.equal({ name: 'usb_redir_interrupt_receiving_status', ...NONE, status: 4, endpoint: 0x83 });
  });

  it('of a device that always has data do not keep the processor', async () => {
    const { device, target, execute } = hosted((operation) =>
      operation.type === 'transferIn' ? result('completed', Uint8Array.of(1)) : undefined,
    );
    execute(start);
    await nextTurn();
    expect(device.submitted.length).to.be.within(5, 10);
    target.close();
    const { length } = device.submitted;
    await nextTurn();
    expect(device.submitted).to.have.length(length);
  });

  it('bulk receiving delivers for a serial adapter, in whole packets and at most 16 MiB', async () => {
    const { device, take, execute } = hosted();
    const startBulk = {
      name: 'usb_redir_start_bulk_receiving',
      ...ID,
      streamId: 0,
      endpoint: 0x81,
      noTransfers: 3,
    } as const;
    execute({ ...startBulk, bytesPerTransfer: 500 });
    execute({ ...startBulk, bytesPerTransfer: 8 * 1024 * 1024 });
    expect(take().map((packet) => 'status' in packet && packet.status)).to.deep.equal([4, 4]);
    execute({ ...startBulk, bytesPerTransfer: 1024 });
    await nextTurn();
    expect(device.given).to.have.length(3);
    device.given[0]?.complete(result('completed', Uint8Array.of(1, 2)));
    expect(take()[1]).to.deep.equal({
      name: 'usb_redir_buffered_bulk_packet',
      ...NONE,
      streamId: 0,
      endpoint: 0x81,
      status: 0,
      length: 2,
      data: Uint8Array.of(1, 2),
    });
  });

  it('isochronous IN: packets are told one by one, and dropped while the guest takes too few', async () => {
    const { device, take, line, dropped, execute } = hosted((operation) =>
      operation.type === 'setInterface' ? result('completed') : undefined,
    );
    execute(setAlt);
    execute(startIso(0x84));
    await nextTurn();
    take();
    expect(device.given.map(({ operation }) => operation)).to.deep.equal(
      Array.from({ length: 2 }, () => ({
        type: 'isochronousIn',
        endpointAddress: 0x84,
        packetLengths: [192, 192],
        startFrame: undefined,
      })),
    );
    const packets = [
      { status: 'completed', length: 2 },
      { status: 'failed', length: 0 },
    ] as const;
    const give = () => device.given[0]?.complete({ ...result('completed', Uint8Array.of(1, 2)), packets });
    give();
    const fields = { name: 'usb_redir_iso_packet', endpoint: 0x84 };
    expect(take()).to.deep.equal([
      { ...fields, ...NONE, status: 0, length: 2, data: Uint8Array.of(1, 2) },
      { ...fields, ...ID, status: 3, length: 0, data: EMPTY },
    ]);
    line.backlog = 3 * 4 * 192;
    give();
    line.backlog = 2 * 192;
    give();
    expect(take()).to.deep.equal([]);
    line.backlog = 2 * 192 - 1;
    give();
    expect(dropped).to.deep.equal([4]);
    expect(take().map(({ id }) => id)).to.deep.equal([6, 7]);
  });

  it('isochronous OUT: begins when half has come, drops half when all is full, and fills anew when it ran dry', () => {
    const { device, dropped, execute } = hosted((operation) =>
      operation.type === 'setInterface' ? result('completed') : undefined,
    );
    execute(setAlt);
    execute(startIso(0x05));
    const write = (value: number) =>
      execute({ name: 'usb_redir_iso_packet', ...ID, endpoint: 5, status: 0, length: 1, data: Uint8Array.of(value) });
    write(1);
    expect(device.given).to.deep.equal([]);
    for (const value of [2, 3, 4]) write(value);
    const operations = device.given.map(({ operation }) => operation);
    expect(operations.map((each) => each.type === 'isochronousOut' && [...each.data])).to.deep.equal([
      [1, 2],
      [3, 4],
    ]);
    for (const value of [5, 6, 7]) write(value);
    expect(dropped).to.deep.equal([2, 2]);
    device.given[0]?.complete(result('completed'));
    write(8);
    for (const value of [9, 10]) write(value);
    const last = device.given.at(-1)?.operation;
    expect(last?.type === 'isochronousOut' && [...last.data]).to.deep.equal([9, 10]);
  });

  it('isochronous OUT: a packet that is longer than the endpoint has is no packet', () => {
    const { take, execute } = hosted((operation) =>
      operation.type === 'setInterface' ? result('completed') : undefined,
    );
    execute(setAlt);
    execute(startIso(0x05));
    take();
    const data = new Uint8Array(193);
    execute({ name: 'usb_redir_iso_packet', ...ID, endpoint: 5, status: 0, length: data.byteLength, data });
    expect(take()).to.deep.equal([{ name: 'usb_redir_iso_stream_status', ...NONE, status: 2, endpoint: 5 }]);
  });

  it('are told to have ended when the device is reset', async () => {
    const { take, execute } = hosted();
    execute(start);
    await nextTurn();
    take();
    execute({ name: 'usb_redir_reset', ...NONE });
    expect(take()).to.deep.equal([
      { name: 'usb_redir_interrupt_receiving_status', ...NONE, status: 4, endpoint: 0x83 },
    ]);
  });
});

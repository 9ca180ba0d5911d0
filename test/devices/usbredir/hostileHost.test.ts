import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { openUsbredirDevices } from '../../../src/devices/usbredir/usbredirDevices.ts';
import { Endpoint, hosted, scripted, ScriptedHost } from './scriptedHost.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index & 0xff);
const turn = () => new Promise(setImmediate);
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
/** A packet of a type that there is not. */
const unknownPacket = (idBytes: number) => Uint8Array.from([99, 0, 0, 0, ...new Array<number>(4 + idBytes).fill(0)]);

describe('a usb-host that is none, or a hostile one', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function opened() {
    const all = await hosted();
    ends.push(all.end);
    return all;
  }

  async function refused(script: Parameters<typeof scripted>[0]) {
    const { options, clock, close } = await scripted(script);
    ends.push(close);
    return { clock, error: rejection(openUsbredirDevices(options)) };
  }

  it('that speaks something else is named', async () => {
    const { error } = await refused((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'));
    expect(await error).to.have.property('code', 'NOT_USBREDIR');
  });

  it('that closes the connection has no device', async () => {
    const { error } = await refused((socket) => socket.end());
    expect(await error)
      .to.include({ code: 'NOT_USBREDIR' })
      .with.property('message')
      .that.includes('it closed the connection');
  });

  it('that says nothing is given 10 seconds', async () => {
    const { clock, error } = await refused(() => {});
    await clock.whenPending();
    clock.advance(10_000);
    expect(await error).to.have.property('code', 'TIMED_OUT');
  });

  it('that has a device and answers nothing about it is left', async () => {
    const { clock, error } = await refused((socket) => (new ScriptedHost(socket).answer = () => true));
    await clock.whenPending(1);
    let known: unknown;
    void error.then((reason) => (known = reason));
    while (known === undefined) {
      await turn();
      clock.advance(1000);
    }
    expect(known).to.have.property('code', 'DESCRIPTORS_UNREADABLE');
  });

  it('whose packets are malformed a hundred times loses the connection; what was pending ends', async () => {
    const { host, device, usb } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    await host.next('usb_redir_bulk_packet');
    host.socket.write(joinParts(Array.from({ length: 99 }, () => unknownPacket(8))));
    host.socket.write(unknownPacket(8));
    expect((await reading.result).status).to.equal('disconnected');
    expect(device.gone.reason).to.have.property('message').that.includes('100 packets were malformed');
    expect(usb.complaints).to.deep.equal([]);
  });

  it('that announces 4 GiB gets no memory for them, and the packets behind are read', async () => {
    const { host, device, usb } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    const asked = await host.next('usb_redir_bulk_packet');
    // 0x01001000 bytes are beyond what a transfer may have: they are skipped.
    const head = Uint8Array.of(101, 0, 0, 0, 0x00, 0x10, 0x00, 0x01, ...new Array<number>(8).fill(0));
    host.socket.write(head);
    const zeros = new Uint8Array(0x100100);
    for (let left = 0x01001000; left > 0; left -= zeros.byteLength) {
      host.socket.write(zeros.subarray(0, Math.min(left, zeros.byteLength)));
    }
    host.send({ ...asked, length: 5, data: bytes(5) });
    expect(await reading.result).to.deep.include({ status: 'completed', data: bytes(5) });
    expect(device.gone.aborted).to.equal(false);
  });

  it('that answers what nobody asked is not heard, nor a second answer to the same request', async () => {
    const { host, usb } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    const asked = await host.next('usb_redir_bulk_packet');
    const answer = { ...asked, length: 3, data: bytes(3) };
    host.send({ ...answer, id: asked.id + 1 }, { ...answer, id: 0 }, answer, { ...answer, length: 4, data: bytes(4) });
    expect(await reading.result).to.deep.include({ status: 'completed', data: bytes(3) });
    const next = usb.in(Endpoint.bulkIn, 512);
    const second = await host.next('usb_redir_bulk_packet');
    host.send({ ...second, length: 1, data: bytes(1) });
    expect(await next.result).to.deep.include({ status: 'completed', data: bytes(1) });
    expect(usb.complaints).to.deep.equal([]);
  });

  it('that sends more than was asked for overflows the request, with no byte beyond', async () => {
    const { host, usb } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    const asked = await host.next('usb_redir_bulk_packet');
    host.send({ ...asked, length: 600, data: bytes(600) });
    const { status, data } = await reading.result;
    expect([status, data.byteLength]).to.deep.equal(['overflowed', 512]);
  });

  it('that has taken more than it was given is not believed', async () => {
    const { host, usb } = await opened();
    const writing = usb.out(Endpoint.bulkOut, bytes(10));
    const asked = await host.next('usb_redir_bulk_packet');
    host.send({ ...asked, length: 0xffffffff, data: new Uint8Array(0) });
    expect(await writing.result).to.include({ status: 'overflowed', transferred: 10 });
    const reading = usb.in(Endpoint.bulkIn, 512);
    const second = await host.next('usb_redir_bulk_packet');
    const header = joinParts(host.link.encode({ ...second, length: 0, data: new Uint8Array(0) }));
    host.socket.write(header);
    expect(await reading.result).to.include({ status: 'completed', transferred: 0 });
  });

  it('that floods an endpoint which nobody reads keeps 1024 packets of it, the newest', async () => {
    const { host, usb } = await opened();
    const { interruptIn: endpoint } = Endpoint;
    const first = usb.in(endpoint, 64);
    await host.next('usb_redir_start_interrupt_receiving');
    const packet = (number: number) => ({
      ...({
        name: 'usb_redir_interrupt_packet',
        ...host.link.numbered(number),
        endpoint,
        status: 0,
        length: 2,
      } as const),
      data: Uint8Array.of(number >> 8, number & 0xff),
    });
    host.send(packet(0));
    expect([...(await first.result).data]).to.deep.equal([0, 0]);
    const flood = Array.from({ length: 3000 }, (_, index) => packet(index + 1));
    host.send(...flood);
    // What comes behind the flood tells that the flood was taken.
    const marker = usb.in(Endpoint.bulkIn, 1);
    host.send({ ...(await host.next('usb_redir_bulk_packet')), length: 0, data: new Uint8Array(0) });
    await marker.result;
    const oldest = 3000 - 1024 + 1;
    expect([...(await usb.in(endpoint, 64).result).data]).to.deep.equal([oldest >> 8, oldest & 0xff]);
  });

  it('that floods an endpoint with long packets keeps 4 MiB of them', async () => {
    const { host, usb } = await opened();
    const { interruptIn: endpoint } = Endpoint;
    void usb.in(endpoint, 64).result;
    await host.next('usb_redir_start_interrupt_receiving');
    const long = new Uint8Array(65_535);
    for (let number = 0; number < 70; number += 1) {
      long[0] = number;
      const fields = { endpoint, status: 0, length: long.byteLength, data: Uint8Array.from(long) };
      host.send({ name: 'usb_redir_interrupt_packet', ...host.link.numbered(number), ...fields });
    }
    const marker = usb.in(Endpoint.bulkIn, 1);
    host.send({ ...(await host.next('usb_redir_bulk_packet')), length: 0, data: new Uint8Array(0) });
    await marker.result;
    // 64 of them are 4 MiB less 64 bytes.
    const { status, data } = await usb.in(endpoint, 64).result;
    expect([status, data[0]]).to.deep.equal(['overflowed', 70 - 64]);
  });

  it('that does not answer a cancelled request is left after 5 seconds, and the request has ended', async () => {
    const { host, device, usb, clock } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    await host.next('usb_redir_bulk_packet');
    reading.transfer.cancel();
    reading.transfer.cancel();
    await host.next('usb_redir_cancel_data_packet');
    clock.advance(4999);
    reading.transfer.cancel();
    await turn();
    expect(host.received.filter(({ name }) => name === 'usb_redir_cancel_data_packet')).to.deep.equal([]);
    expect(reading.completions()).to.equal(0);
    clock.advance(1);
    expect((await reading.result).status).to.equal('disconnected');
    expect(device.gone.reason).to.have.property('message').that.includes('has not answered a request for 5000 ms');
  });

  it('that does not answer a control request in its time gets it cancelled', async () => {
    const { host, usb, clock } = await opened();
    const reading = usb.read(0xc0, 1, 0, 0, 4);
    const { id } = await host.next('usb_redir_control_packet');
    clock.advance(1000);
    const cancelled = await host.next('usb_redir_cancel_data_packet');
    expect(cancelled.id).to.equal(id);
    const common = { name: 'usb_redir_control_packet', endpoint: 0x80, request: 1, requesttype: 0xc0 } as const;
    const fields = { status: 1, value: 0, index: 0, length: 0, data: new Uint8Array(0) };
    host.send({ ...common, ...host.link.numbered(id), ...fields });
    expect((await reading).status).to.equal('timedOut');
    expect(clock.pending).to.equal(0);
  });

  it('that does not answer a selection or a reset is left after 10 seconds', async () => {
    for (const operation of [{ type: 'setConfiguration', configurationValue: 1 }, { type: 'resetDevice' }] as const) {
      const { host, device, usb, clock } = await opened();
      host.answer = () => true;
      const selecting = usb.submit(operation);
      await clock.whenPending();
      clock.advance(10_000);
      expect((await selecting.result).status, operation.type).to.equal('disconnected');
      expect(device.gone.aborted).to.equal(true);
    }
  });

  it('that takes nothing gets no more than 1 MiB of sound, and the rest is told as lost', async () => {
    const { host, usb, clock } = await opened();
    host.socket.pause();
    const { isochronousOut: endpointAddress } = Endpoint;
    const packetLengths = new Array<number>(64).fill(1024);
    let lost = 0;
    // The system's own buffers for a connection take some of it.
    for (let sent = 0; sent < 64 * 1024 * 1024 && lost === 0; sent += 64 * 1024) {
      const data = new Uint8Array(64 * 1024);
      const playing = usb.submit({
        type: 'isochronousOut',
        endpointAddress,
        data,
        packetLengths,
        startFrame: undefined,
      });
      clock.advance(100);
      const { packets = [] } = await playing.result;
      expect(packets).to.have.length(64);
      lost = packets.filter(({ status, length }) => status === 'failed' && length === 0).length;
    }
    expect(lost).to.equal(64);
  });

  it('that says again and again that its device is gone says it once, and nothing behind that counts', async () => {
    const { host, device, usb } = await opened();
    const reading = usb.in(Endpoint.bulkIn, 512);
    const asked = await host.next('usb_redir_bulk_packet');
    const gone = { name: 'usb_redir_device_disconnect', ...host.link.numbered(0) } as const;
    const answer = { ...asked, length: 1, data: bytes(1) };
    host.send(...Array.from({ length: 1000 }, () => gone), answer);
    expect((await reading.result).status).to.equal('disconnected');
    expect(device.gone.reason).to.have.property('message').that.includes('was unplugged');
  });
});

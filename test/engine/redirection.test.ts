import { expect } from 'chai';
import fc from 'fast-check';
import { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import type { Transport } from '../../src/ports/transport.ts';
import type { AttachmentEnd, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { READS_EXPLANATIONS } from '../../src/urbdrc/ownCapabilities.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, perform, read, stack, write } from './stack.ts';

/** High-speed, with bulk endpoints of 64 bytes, which only full-speed devices should have. */
class NarrowDevice extends VirtualDevice {
  constructor() {
    super({
      speed: 'high',
      deviceDescriptor: Buffer.from('120100020000004034127856000100000001', 'hex'),
      configurationDescriptors: [
        Buffer.from('0902200001010080320904000002ff0000000705810240000007050202400000', 'hex'),
      ],
      strings: [],
    });
  }

  protected override handleControl(): undefined {}
}

/** Has an end send a text in small letters, which nobody knows. */
function spellOtherwise(transport: Transport, text: string): void {
  const send = transport.send.bind(transport);
  const [from, to] = [Buffer.from(text, 'utf16le'), Buffer.from(text.toLowerCase(), 'utf16le')];
  transport.send = (frames) =>
    send(
      frames.map((parts) => {
        const bytes = Buffer.concat(parts);
        const at = bytes.indexOf(from);
        if (at >= 0) to.copy(bytes, at);
        return [bytes];
      }),
    );
}

describe('a device redirected through all layers in memory', () => {
  it('arrives with its ids and descriptors, and the engine tells what it did', async () => {
    const { host, client, ignored } = stack();
    const echo = new EchoDevice();
    const redirection = await client.attach(echo);
    const device = await host.added();
    await redirection.announced;
    expect(device.identity).to.deep.include({ vendorId: 0x1234, productId: 0x5678, speed: 'high' });
    expect(device.ids.hardwareIds).to.deep.equal(['USB\\VID_1234&PID_5678&REV_0100', 'USB\\VID_1234&PID_5678']);
    expect(Buffer.from(device.deviceDescriptor)).to.deep.equal(echo.deviceDescriptor);
    expect(device.configurationDescriptors.map((bytes) => Buffer.from(bytes))).to.deep.equal(
      echo.configurationDescriptors,
    );
    await client.close();
    expect(ignored).to.deep.equal([]);
  });

  it('two devices of one maker, product and serial number have ids of their own', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    await client.attach(new EchoDevice());
    await host.added(2);
    expect(new Set(host.devices.map(({ ids }) => ids.deviceInstanceId)).size).to.equal(2);
    expect(new Set(host.devices.map(({ ids }) => ids.containerId)).size).to.equal(2);
    await client.close();
  });

  for (const [peer, speed] of [
    ['generic', 'high'],
    ['freerdp', 'full'],
  ] as const) {
    it(`a high-speed device with bulk packets of 64 bytes is of ${speed} speed from a client taken for ${peer}`, async () => {
      const { host, client } = stack({ server: { peer } });
      await client.attach(new NarrowDevice());
      expect((await host.added()).identity.speed).to.equal(speed);
      await client.close();
    });
  }

  it('moves data of any size both ways, unchanged', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    expect((await configure(device)).status).to.equal('completed');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constantFrom(65_536, 1_000_003)),
        async (size) => {
          const data = Buffer.alloc(size, size & 0xff);
          data.writeUInt8(7, size - 1);
          expect(await write(device, data)).to.include({ status: 'completed', transferred: size });
          const back = await read(device, size);
          expect(back.status).to.equal('completed');
          expect(data.equals(back.data)).to.equal(true);
        },
      ),
      { numRuns: 40 },
    );
    await client.close();
  });

  it('keeps many requests in flight and completes them in any order', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const reads = Array.from({ length: 64 }, () => read(device, 16));
    const writes = Array.from({ length: 64 }, (_, index) => write(device, Uint8Array.of(index)));
    const written = await Promise.all(writes);
    const results = await Promise.all(reads);
    expect(written.every((result) => result.status === 'completed')).to.equal(true);
    expect(results.map((result) => result.data[0])).to.deep.equal(Array.from({ length: 64 }, (_, index) => index));
    await client.close();
  });

  it('cancels a pending transfer: one result, and the pipe goes on', async () => {
    const { host, client } = stack();
    const echo = new EchoDevice();
    await client.attach(echo);
    const device = await host.added();
    await configure(device);
    const results: UsbResult[] = [];
    const cancelled = new Promise<void>((resolve) => {
      const transfer = device.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, (result) => {
        results.push(result);
        resolve();
      });
      transfer.cancel();
      transfer.cancel();
    });
    await cancelled;
    expect(results.map((result) => result.status)).to.deep.equal(['cancelled']);
    expect(echo.pendingReads).to.equal(0);
    await write(device, Uint8Array.of(1));
    expect((await read(device, 8)).data[0]).to.equal(1);
    await client.close();
  });

  it('unplug ends what is pending on the server and gives the device back; the connection lives for a replug', async () => {
    const { host, client } = stack();
    const echo = new EchoDevice();
    const redirection = await client.attach(echo);
    const device = await host.added();
    await configure(device);
    const pending = read(device, 8);
    // The read is on the device before it is pulled.
    await write(device, Uint8Array.of(1)).then(() => pending);
    const lost = read(device, 8);
    const text = device.queryDeviceText('description', 0x409);
    expect(await text).to.equal('USB device 1234:5678');
    echo.unplug();
    expect((await lost).status).to.equal('disconnected');
    expect(await redirection.ended).to.deep.equal({ reason: 'unplugged' });
    await host.gone();
    expect(device.gone.aborted).to.equal(true);
    expect(echo.calls).to.deep.equal(['open', 'close']);
    const again = await client.attach(new EchoDevice());
    const second = await host.added(2);
    expect((await configure(second)).status).to.equal('completed');
    await again.release();
    await host.gone(2);
    await client.close();
  });

  it('redirects many devices at once and keeps them apart', async () => {
    const { host, client } = stack();
    const echoes = Array.from(
      { length: 24 },
      (_, index) => new EchoDevice({ productId: index, portPath: `1-${index}` }),
    );
    await Promise.all(echoes.map((echo) => client.attach(echo)));
    await host.added(24);
    const answers = await Promise.all(
      host.devices.map(async (device) => {
        await configure(device);
        await write(device, Uint8Array.of(device.ids.hardwareIds.length, host.devices.indexOf(device)));
        return (await read(device, 8)).data[1];
      }),
    );
    expect(answers).to.deep.equal(host.devices.map((_, index) => index));
    await client.close();
    await host.gone(24);
    expect(echoes.every((echo) => echo.calls.join() === 'open,close')).to.equal(true);
  });

  it('a server that retracts a device gives it back and keeps the others (MS-RDPEUSB 2.2.6.9)', async () => {
    const { host, client, server } = stack();
    const first = await client.attach(new EchoDevice({ portPath: '1-1' }));
    await host.added(1);
    await client.attach(new EchoDevice({ portPath: '1-2' }));
    const kept = await host.added(2);
    server.refuse(host.devices[0]!);
    expect((await first.ended).reason).to.equal('refused');
    await host.gone(1);
    expect((await configure(kept)).status).to.equal('completed');
    await client.close();
  });

  it('a client is told why the server does not take its device, where it says that it reads that', async () => {
    const ends: AttachmentEnd[] = [];
    for (const reads of [true, false]) {
      const { host, client, server, transports } = stack();
      if (!reads) spellOtherwise(transports[0], READS_EXPLANATIONS);
      const { ended } = await client.attach(new EchoDevice());
      const device = await host.added();
      expect(device.ids.compatibilityIds.filter((id) => id.startsWith('urbdrc')).length).to.equal(reads ? 0 : 1);
      server.refuse(device, 'a rule of the server', 'the guest has a filter');
      ends.push(await ended);
      await client.close();
    }
    expect(ends).to.deep.equal([{ reason: 'refused', explanation: 'the guest has a filter' }, { reason: 'refused' }]);
  });

  for (const side of ['client', 'server'] as const) {
    it(`loss of the transport at the ${side} frees both ends`, async () => {
      const { host, client, server, transports } = stack();
      const echo = new EchoDevice();
      const redirection = await client.attach(echo);
      const device = await host.added();
      await configure(device);
      const pending = read(device, 8);
      await transports[side === 'client' ? 0 : 1].close();
      expect((await pending).status).to.equal('disconnected');
      expect((await redirection.ended).reason).to.equal('closed');
      await Promise.all([client.closed, server.closed]);
      await host.gone();
      expect(echo.calls).to.deep.equal(['open', 'close']);
      const result = await perform(device, { type: 'resetDevice' });
      expect(result.status).to.equal('disconnected');
    });
  }

  it('a server that closes lets devices go first, so that its end is not taken for a loss of the connection', async () => {
    const { host, client, server } = stack();
    const redirection = await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const pending = read(device, 8);
    await server.close();
    expect((await pending).status).to.equal('disconnected');
    expect((await redirection.ended).reason).to.equal('returned');
    expect(host.removed).to.have.length(1);
    expect(await client.closed).to.equal(undefined);
  });

  it('a device that cannot be opened is not announced, and its reason reaches the caller', async () => {
    const { client, host } = stack();
    const echo = new EchoDevice();
    echo.refusal = 'may not be opened: no permission';
    const refusal = await client.attach(echo).catch((error: unknown) => error);
    expect(refusal).to.have.property('message', 'may not be opened: no permission');
    expect(host.devices).to.have.length(0);
    await client.close();
  });

  it('redirect after the connection has ended rejects and leaves the device alone', async () => {
    const { client } = stack();
    await client.close();
    const echo = new EchoDevice();
    const refusal = await client.attach(echo).catch((error: unknown) => error);
    expect(refusal).to.have.property('message', 'the connection is closed');
    expect(echo.calls).to.deep.equal([]);
  });

  it('a device unplugged before its channel came does not take the place of another', async () => {
    const { host, client } = stack();
    const early = new EchoDevice({ productId: 1 });
    const [first] = await Promise.all([client.attach(early), client.attach(new EchoDevice({ productId: 2 }))]);
    early.unplug();
    const device = await host.added();
    expect(device.ids.hardwareIds[1]).to.equal('USB\\VID_1234&PID_0002');
    expect((await first.ended).reason).to.equal('unplugged');
    await client.close();
  });

  it('close() of a redirected device cancels what is pending and waits for it', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const pending = read(device, 8);
    await device.close();
    expect((await pending).status).to.equal('cancelled');
    await client.close();
  });

  it('every operation kind gets one answer, also unsupported ones', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const operations: UsbOperation[] = [
      { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 },
      { type: 'clearHalt', endpointAddress: 0x81 },
      { type: 'resetEndpoint', endpointAddress: 0x81 },
      { type: 'abortEndpoint', endpointAddress: 0x81 },
      { type: 'clearHalt', endpointAddress: 0x85 },
      { type: 'isochronousIn', endpointAddress: 0x81, packetLengths: [8], startFrame: undefined },
      { type: 'resetDevice' },
      { type: 'cyclePort' },
      { type: 'setConfiguration', configurationValue: 9 },
    ];
    const results: UsbResult[] = [];
    for (const operation of operations) results.push(await perform(device, operation));
    expect(results.map((result) => result.status === 'completed')).to.deep.equal([
      true,
      true,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
    await client.close();
  });
});

import { expect } from 'chai';
import { toHex } from '../../codecs/core/json.ts';
import { IoControlCode } from '../../codecs/urbdrc/ioControl.ts';
import { OsrFx2 } from '../../src/devices/virtual/osrFx2.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { memoryPair } from '../../transports/memory.ts';
import { EchoDevice } from './echoDevice.ts';
import { FakeServer } from './fakePeer.ts';
import { configure, stack, turns } from './stack.ts';

/** An {@link EchoDevice} that opens and closes when the test says so. */
class SlowDevice extends EchoDevice {
  /** Lets `open` go on; `close` likewise. */
  readonly finishOpening: () => void;
  readonly finishClosing: () => void;
  readonly #opened: Promise<void>;
  readonly #closed: Promise<void>;

  constructor(slow: { opens?: boolean; closes?: boolean }) {
    super();
    let finishOpening = () => {};
    let finishClosing = () => {};
    this.#opened = slow.opens === true ? new Promise((resolve) => (finishOpening = resolve)) : Promise.resolve();
    this.#closed = slow.closes === true ? new Promise((resolve) => (finishClosing = resolve)) : Promise.resolve();
    this.finishOpening = () => finishOpening();
    this.finishClosing = () => finishClosing();
  }

  override async open(): Promise<void> {
    await this.#opened;
    await super.open();
  }

  override async close(): Promise<void> {
    await this.#closed;
    await super.close();
  }
}

/** Whether the promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true)).catch(() => {});
  await turns();
  return settled;
}

describe('the client gives every device back, once, before it says that it is closed', () => {
  it('close() waits for a device that is being opened', async () => {
    const { client, host } = stack();
    const device = new SlowDevice({ opens: true });
    const redirecting = client.attach(device);
    const closing = client.close();
    expect(await isSettled(closing)).to.equal(false);
    device.finishOpening();
    await closing;
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect(await (await redirecting).ended).to.deep.equal({ reason: 'released' });
    expect(host.devices).to.have.length(0);
  });

  it('after a loss of the connection `closed` waits for a device that is being opened', async () => {
    const { client, transports } = stack();
    const device = new SlowDevice({ opens: true });
    const redirecting = client.attach(device);
    await transports[1].close();
    expect(await isSettled(client.closed)).to.equal(false);
    device.finishOpening();
    await client.closed;
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect((await (await redirecting).ended).reason).to.equal('closed');
  });

  it('a second close() waits as the first one does', async () => {
    const { client, host } = stack();
    const device = new SlowDevice({ closes: true });
    await client.attach(device);
    await host.added();
    const closings = [client.close(), client.close()];
    expect(await isSettled(closings[1]!)).to.equal(false);
    device.finishClosing();
    await Promise.all(closings);
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('close() and `closed` wait for a device that is on its way back already', async () => {
    for (const end of ['close', 'loss'] as const) {
      const { client, host, transports } = stack();
      const device = new SlowDevice({ closes: true });
      const redirection = await client.attach(device);
      await host.added();
      const stopping = redirection.release();
      const over = end === 'close' ? client.close() : client.closed;
      if (end === 'loss') await transports[1].close();
      expect(await isSettled(over), end).to.equal(false);
      device.finishClosing();
      await Promise.all([stopping, over]);
      expect(device.calls).to.deep.equal(['open', 'close']);
    }
  });

  it('takes no more devices while it closes', async () => {
    const { client, host } = stack();
    const device = new SlowDevice({ closes: true });
    await client.attach(device);
    await host.added();
    const closing = client.close();
    const late = new EchoDevice();
    const refusal = await client.attach(late).catch((error: unknown) => error);
    expect(refusal).to.have.property('message', 'the connection is closed');
    expect(late.calls).to.deep.equal([]);
    device.finishClosing();
    await closing;
  });

  it('a device whose close fails ends all the same', async () => {
    const { client, host } = stack();
    const device = new EchoDevice();
    device.close = () => Promise.reject(new Error('stuck'));
    const redirection = await client.attach(device);
    await host.added();
    await redirection.release();
    expect(await redirection.ended).to.deep.equal({ reason: 'released' });
    await client.close();
  });

  it('a device that is unplugged while it is opened is given back', async () => {
    const { client, host } = stack();
    const device = new SlowDevice({ opens: true });
    const redirecting = client.attach(device);
    device.unplug();
    device.finishOpening();
    expect(await (await redirecting).ended).to.deep.equal({ reason: 'unplugged' });
    expect(device.calls).to.deep.equal(['open', 'close']);
    expect(host.devices).to.have.length(0);
    await client.close();
  });

  it('leaves no listener on a device that it gave back', async () => {
    const { client, host } = stack();
    const device = new EchoDevice();
    let listeners = 0;
    const { gone } = device;
    const [add, remove] = [gone.addEventListener.bind(gone), gone.removeEventListener.bind(gone)];
    gone.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    gone.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    const redirection = await client.attach(device);
    await host.added();
    await redirection.release();
    expect(listeners).to.equal(0);
    await client.close();
  });
});

describe('the client and its channels', () => {
  it('redirects a device whose configuration descriptor is cut off: the server sees it without the configuration', async () => {
    const { client, host, failed } = stack();
    const device = new EchoDevice();
    const [whole] = device.configurationDescriptors;
    Object.assign(device, { configurationDescriptors: [whole!.subarray(0, 20)] });
    await client.attach(device);
    const redirected = await host.added();
    expect(redirected.identity.vendorId).to.equal(0x1234);
    expect(failed).to.deep.equal([]);
    await client.close();
  });

  it('a device that the server has no room for arrives when another has left', async () => {
    const { client, host } = stack({ server: { limits: { maximumChannels: 2 } } });
    const first = await client.attach(new EchoDevice({ productId: 1 }));
    await host.added();
    await client.attach(new EchoDevice({ productId: 2 }));
    await turns();
    expect(host.devices).to.have.length(1);
    await first.release();
    expect((await host.added(2)).identity.portPath).to.contain('PID_0002');
    await client.close();
  });

  it('of 64 devices that are offered at once, both ends tell that the last one waits, and it comes when another leaves', async () => {
    const { client, host, failed, ignored } = stack();
    const offered = await Promise.all(
      Array.from({ length: 64 }, (_, index) => client.attach(new EchoDevice({ productId: index }))),
    );
    await host.added(63);
    await turns();
    expect(host.devices).to.have.length(63);
    expect(failed).to.deep.equal([
      'the client has one more device than the 63 that are taken at a time: it waits until another one leaves',
    ]);
    expect(ignored).to.deep.equal([
      '64 devices for a connection that has channels for 63: the last one waits until another one leaves',
    ]);
    await offered[0]!.release();
    await host.added(64);
    await turns();
    expect([failed.length, ignored.length], 'told once').to.deep.equal([1, 1]);
    await client.close();
  });

  it('a device that left while it waited for its channel does not keep the next one from getting one', async () => {
    const { client, host } = stack({ server: { limits: { maximumChannels: 2 } } });
    const first = await client.attach(new EchoDevice({ productId: 1 }));
    await host.added();
    const waiting = await client.attach(new EchoDevice({ productId: 2 }));
    await turns();
    await waiting.release();
    await first.release();
    const last = await client.attach(new EchoDevice({ productId: 3 }));
    const arrived = await host.added(2);
    expect(arrived.identity.portPath).to.contain('PID_0003');
    expect((await configure(arrived)).status).to.equal('completed');
    await last.release();
    await client.close();
  });

  it('a server that closes and opens its control channel gets the devices that come then', async () => {
    const [near, far] = memoryPair();
    const client = new RedirectionClient(near);
    const server = new FakeServer(far);
    const control = await server.open();
    const first = await client.attach(new EchoDevice());
    await server.received('ADD_VIRTUAL_CHANNEL');
    server.stack.closeChannel(control);
    expect((await first.ended).reason).to.equal('returned');
    await server.open();
    await client.attach(new EchoDevice());
    await server.received('ADD_VIRTUAL_CHANNEL', 2);
    await client.close();
  });
});

describe('CYCLE_PORT, [MS-RDPEUSB] 2.2.12', () => {
  it('is answered before the device leaves and its channel is closed', async () => {
    const [inner, outer] = memoryPair();
    const sent: string[] = [];
    const client = new RedirectionClient(inner, {
      onMessage: ({ direction, bytes }) => {
        if (direction === 'sent') sent.push(toHex(bytes));
      },
      onChannel: ({ direction, event }) => {
        if (direction === 'sent' && event === 'close') sent.push('close');
      },
    });
    const device = new OsrFx2();
    void client.attach(device);
    const server = new FakeServer(outer);
    const { channelId, usbDevice } = await server.takeDevice(4);
    await turns();
    sent.length = 0;
    server.send(channelId, {
      name: 'IO_CONTROL',
      interfaceId: usbDevice,
      messageId: 4,
      ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT,
      inputBuffer: new Uint8Array(0),
      outputBufferSize: 0,
      requestId: 0x0500_0001,
    });
    await server.until(() => server.closed.includes(channelId));
    expect(sent).to.deep.equal(['04000040040000000001000001000005000000000000000000000000', 'close']);
    expect(device.gone.aborted).to.equal(true);
    await client.close();
  });
});

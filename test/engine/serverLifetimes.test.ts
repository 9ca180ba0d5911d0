import { expect } from 'chai';
import { decodeDvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { InterfaceId } from '../../codecs/urbdrc/header.ts';
import { StaticChannel } from '../../src/channels/staticChannel.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import { systemClock } from '../../src/systemClock.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { EchoDevice } from './echoDevice.ts';
import { FakeClient } from './fakePeer.ts';
import { configure, perform, read, RecordingHost, stack, turns, write } from './stack.ts';

const EMPTY = new Uint8Array(0);

/** Counts timers that are still to go off. */
class CountingClock implements Clock {
  readonly armed = new Set<number>();
  #timers = 0;

  now(): number {
    return systemClock.now();
  }

  after(delay: number, callback: () => void): () => void {
    this.#timers += 1;
    const timer = this.#timers;
    this.armed.add(timer);
    const cancel = systemClock.after(delay, () => {
      this.armed.delete(timer);
      callback();
    });
    return () => {
      this.armed.delete(timer);
      cancel();
    };
  }
}

/** A server whose client is the test. */
function fake(options: { clock?: Clock } = {}) {
  const [near, far] = memoryPair();
  const host = new RecordingHost();
  const failed: string[] = [];
  const ignored: string[] = [];
  const server = new RedirectionServer(far, {
    onDeviceFailed: (error) => failed.push(error.message),
    onIgnored: (error) => ignored.push(error.message),
    ...options,
  });
  host.watch(server);
  return { client: new FakeClient(near), host, server, failed, ignored, transport: near };
}

describe('a redirected device that goes', () => {
  it('may be cancelled, asked and retracted again by whoever hears of it', async () => {
    const { host, client, server } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const results: string[] = [];
    const transfer = device.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, ({ status }) => {
      results.push(status);
      transfer.cancel();
    });
    device.gone.addEventListener('abort', () => {
      transfer.cancel();
      server.refuse(device);
      void device.close();
      device.submit({ type: 'resetDevice' }, ({ status }) => results.push(status));
    });
    server.refuse(device);
    expect(results).to.deep.equal(['disconnected', 'disconnected']);
    await client.close();
  });

  it('answers no more questions for its texts', async () => {
    const { host, client } = stack();
    const redirection = await client.attach(new EchoDevice());
    const device = await host.added();
    await redirection.release();
    await host.gone();
    const refusal = await device.queryDeviceText('description', 0x409).catch((error: unknown) => error);
    expect(refusal).to.have.property('message', 'the device is gone');
    await client.close();
  });

  it('while it is enumerated is no failure, whether it was unplugged or the server closes', async () => {
    for (const end of ['unplugged', 'closed'] as const) {
      const { client, host, server, failed } = fake();
      const channelId = await client.offerDevice();
      await client.received('TRANSFER_IN_REQUEST');
      if (end === 'unplugged') client.stack.closeChannel(channelId);
      else await server.close();
      await turns();
      expect(failed, end).to.deep.equal([]);
      expect(host.devices).to.have.length(0);
      await server.close();
    }
  });

  it('leaves its channel id to the next one: what it still does harms nobody', async () => {
    const { host, client, server } = stack();
    const first = await client.attach(new EchoDevice());
    const old = await host.added();
    await configure(old);
    const transfer = old.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, () => {});
    await first.release();
    await host.gone();
    for (let count = 2; count <= 260; count += 1) {
      const redirection = await client.attach(new EchoDevice());
      const device = await host.added(count);
      transfer.cancel();
      server.refuse(old);
      await old.queryDeviceText('description', 0).catch(() => {});
      expect((await configure(device)).status).to.equal('completed');
      await redirection.release();
      await host.gone(count);
    }
    await client.close();
  });

  it('keeps no timer, nor does a server that is closed in the middle of its work', async () => {
    const clock = new CountingClock();
    const { host, client, server } = stack({ server: { clock } });
    const echo = new EchoDevice();
    await client.attach(echo);
    const device = await host.added();
    const submit = echo.submit.bind(echo);
    // The first request stays pending, and with it its deadline.
    echo.submit = () => {
      echo.submit = submit;
      return { cancel() {} };
    };
    const setup = { bmRequestType: 0x80, bRequest: 0, wValue: 0, wIndex: 0, wLength: 2 };
    const control = { type: 'control', setup, data: EMPTY, timeout: 0 } as const;
    device.submit(control, () => {});
    device.submit(control, () => void server.close());
    await server.closed;
    expect(clock.armed.size).to.equal(0);
    await client.close();
  });

  it('keeps no timer when the handshake fails', async () => {
    const clock = new CountingClock();
    const { client, server } = fake({ clock });
    await client.until(() => client.opened.length > 0);
    client.send(client.opened[0]!, {
      name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
      interfaceId: InterfaceId.CAPABILITIES,
      messageId: 1,
      capabilityValue: 9,
      result: 0,
    });
    expect((await server.closed)?.message).to.contain('version 9');
    expect(clock.armed.size).to.equal(0);
  });
});

describe('a program that watches a server', () => {
  it('finds in the list what came before it watched, and is told of what comes later', async () => {
    const { client, server, host } = stack();
    await client.attach(new EchoDevice({ productId: 1 }));
    const first = await host.added();
    const told: unknown[] = [];
    const stop = server.watch(({ ids }) => told.push(ids.hardwareIds[1]));
    expect(await server.list()).to.deep.equal([first]);
    await client.attach(new EchoDevice({ productId: 2 }));
    await host.added(2);
    stop();
    await client.attach(new EchoDevice({ productId: 3 }));
    await host.added(3);
    expect(told).to.deep.equal(['USB\\VID_1234&PID_0002']);
    expect(await server.list()).to.deep.equal(host.devices);
    await client.close();
    await server.closed;
    expect(await server.list()).to.deep.equal([]);
  });

  it('and throws does not get the device, which goes back; the others stay (MS-RDPEUSB 2.2.6.9)', async () => {
    const { client, server, host, failed } = stack();
    server.watch(({ ids }) => {
      if (ids.hardwareIds[1]?.endsWith('0001') === true) throw new Error('not this one');
    });
    const refused = await client.attach(new EchoDevice({ productId: 1 }));
    expect(await refused.ended).to.deep.equal({ reason: 'refused' });
    await client.attach(new EchoDevice({ productId: 2 }));
    const kept = await host.added(2);
    expect((await configure(kept)).status).to.equal('completed');
    expect(failed).to.deep.equal(['not this one']);
    await client.close();
  });
});

describe('a client that never answers DYNVC_CREATE_REQ', () => {
  it('is given up after ten seconds, in one line', async () => {
    const [near, far] = memoryPair();
    const clock = new VirtualClock();
    const client = new StaticChannel();
    const state = { created: false };
    near.start({
      received: (frame) => {
        const pdus = client.receive(frame).messages.map((message) => decodeDvcPdu(message, 'server').name);
        if (pdus.includes('DYNVC_CAPS_VERSION3')) {
          near.send(client.sendAll([encodeDvcPdu({ name: 'DYNVC_CAPS_RSP', version: 3 })]));
        }
        state.created ||= pdus.includes('DYNVC_CREATE_REQ');
      },
      drained: () => {},
      closed: () => {},
    });
    const server = new RedirectionServer(far, { clock });
    while (!state.created) await turns();
    clock.advance(9999);
    await turns();
    clock.advance(1);
    expect((await server.closed)?.message).to.contain('no answer within 10000 ms');
    await near.close();
  });
});

describe('operations on a redirected device', () => {
  it('with values that no message can hold are invalid, and the device goes on', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const setup = { bmRequestType: 0xc0, bRequest: 1, wValue: 0, wIndex: 0, wLength: 0x1_0000 };
    const operations: UsbOperation[] = [
      { type: 'control', setup, data: EMPTY, timeout: 0 },
      { type: 'control', setup: { ...setup, wLength: -1 }, data: EMPTY, timeout: 0 },
      { type: 'control', setup: { ...setup, wLength: 4, wIndex: 1.5 }, data: EMPTY, timeout: 0 },
      { type: 'transferIn', endpointAddress: 0x81, length: -1 },
      { type: 'isochronousIn', endpointAddress: 0x81, packetLengths: [-8, 16], startFrame: undefined },
      { type: 'isochronousIn', endpointAddress: 0x81, packetLengths: [8], startFrame: -1 },
    ];
    const statuses: string[] = [];
    for (const operation of operations) statuses.push((await perform(device, operation)).status);
    expect(statuses).to.deep.equal(operations.map(() => 'invalidParameter'));
    expect((await write(device, Uint8Array.of(1))).status).to.equal('completed');
    expect((await read(device, 8)).data[0]).to.equal(1);
    await client.close();
  });

  it('that are larger than a message may be are refused here: the channel would be lost over them', async () => {
    const { host, client, ignored } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await configure(device);
    const size = 18 * 1024 * 1024;
    expect((await write(device, new Uint8Array(size))).status).to.equal('outOfMemory');
    expect((await read(device, size)).status).to.equal('outOfMemory');
    expect((await write(device, Uint8Array.of(1))).status).to.equal('completed');
    expect(ignored).to.deep.equal([]);
    await client.close();
  });
});

describe('the system clock', () => {
  it('waits for longer than a timer of Node can', async () => {
    let fired = false;
    const cancel = systemClock.after(2 ** 33, () => (fired = true));
    const cancelForEver = systemClock.after(Infinity, () => (fired = true));
    // Node would have them go off after 1 ms.
    await new Promise<void>((resolve) => systemClock.after(2, resolve));
    cancel();
    cancelForEver();
    expect(fired).to.equal(false);
  });
});

describe('opening and closing a redirected device', () => {
  it('close() lets nothing start and ends although somebody goes on submitting', async () => {
    const { host, client } = stack();
    await client.attach(new EchoDevice());
    const device = await host.added();
    await device.open();
    await configure(device);
    const results: UsbResult['status'][] = [];
    const again = () => {
      device.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, ({ status }) => {
        results.push(status);
        if (results.length < 10) again();
      });
    };
    again();
    await device.close();
    expect(results).to.deep.equal(['cancelled', ...Array<string>(9).fill('disconnected')]);
    await device.open();
    expect((await write(device, Uint8Array.of(1))).status).to.equal('completed');
    const refusal = await device.open().catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(Error);
    await client.close();
  });
});

import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../src/devices/virtual/memoryBlocks.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { RemoteDevice } from '../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../src/hosts/remoteDevice/remoteUsb.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { HubEvent } from '../../src/hub/hubDevice.ts';
import type { AttachmentEnd } from '../../src/ports/usb.ts';
import { rulePolicy } from '../../src/policy/decide.ts';
import { parseRules } from '../../src/policy/ruleText.ts';
import { MassStorage } from '../../src/usb/massStorage/massStorage.ts';
import { memoryPair } from '../../transports/memory.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../engine/stack.ts';

/**
 * Three machines in one process: virtual devices, a relay that takes devices by one connection and gives them on by another,
 * and a program that drives them. No time passes: an opening handshake may wait 300 ms for a release that comes.
 */
function relayed(ended: (end: AttachmentEnd) => void = () => {}) {
  const clock = new VirtualClock();
  const devices = new VirtualDevices();
  const usb = new RemoteUsb();
  const [near, relayIn] = memoryPair();
  const [relayOut, far] = memoryPair();
  const onEvent = (event: HubEvent) => {
    if (event.type === 'ended') ended(event.end);
  };
  const hubs = [new Hub({ clock, onEvent }), new Hub({ clock }), new Hub({ clock })] as const;
  const ready = Promise.all([
    hubs[0].addSource(devices),
    hubs[0].addSink(new RedirectionClient(near, { clock })),
    hubs[1].addSource(new RedirectionServer(relayIn, { clock })),
    hubs[1].addSink(new RedirectionClient(relayOut, { clock })),
    hubs[2].addSource(new RedirectionServer(far, { clock })),
    hubs[2].addSink(usb),
  ]);
  const next = (type: 'connect' | 'disconnect') =>
    new Promise<RemoteDevice>((resolve) => usb.addEventListener(type, ({ device }) => resolve(device), { once: true }));
  const close = () => Promise.all(hubs.map((hub) => hub.close()));
  return { devices, hubs, ready, next, close };
}

describe('a relay: a server that is the source of a client', () => {
  it('passes a stick on whole, and what is written comes back to it', async () => {
    const content = new Uint8Array(1024 * 1024).map((_, index) => (index * 7) ^ (index >> 8));
    const { devices, ready, next, close } = relayed();
    const connected = next('connect');
    devices.add(new MassStorageStick({ blocks: new MemoryBlocks(content) }));
    await ready;
    const device = await connected;
    expect(device.productName).to.equal('Virtual Stick');
    const storage = await MassStorage.open(device);
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(await storage.read(0, storage.sectorCount))).to.equal(digest(content));
    await storage.write(9, new Uint8Array(512).fill(0x5a));
    expect(content.subarray(9 * 512, 10 * 512).every((byte) => byte === 0x5a)).to.equal(true);
    await close();
  });

  it('an unplug travels through, and what is pending ends', async () => {
    const { devices, hubs, ready, next, close } = relayed();
    const connected = next('connect');
    const keyboard = new HidKeyboard();
    devices.add(keyboard);
    await ready;
    const device = await connected;
    const disconnected = next('disconnect');
    await device.open();
    await device.claimInterface(0);
    const pending = device.transferIn(1, 8).catch((error: unknown) => error);
    await turns();
    devices.remove(keyboard);
    expect(await disconnected).to.equal(device);
    expect(await pending).to.be.instanceOf(DOMException);
    await turns();
    expect(hubs.map((hub) => hub.devices.length)).to.deep.equal([0, 0, 0]);
    await close();
  });

  it('a cancel travels through: the read ends, and the next one gets the key', async () => {
    const { devices, ready, next, close } = relayed();
    const connected = next('connect');
    const keyboard = new HidKeyboard();
    devices.add(keyboard);
    await ready;
    const device = await connected;
    await device.open();
    await device.claimInterface(0);
    const abort = new AbortController();
    const cancelled = device.transferIn(1, 8, { signal: abort.signal }).catch((error: unknown) => error);
    await turns();
    abort.abort();
    expect(await cancelled)
      .to.be.instanceOf(DOMException)
      .and.have.property('name', 'AbortError');
    const read = device.transferIn(1, 8);
    keyboard.type('a');
    const { data } = await read;
    expect(data?.getUint8(2)).to.equal(4);
    await close();
  });

  it('what the program at the end gives up goes back to its user', async () => {
    const { devices, hubs, ready, next, close } = relayed();
    const connected = next('connect');
    devices.add(new HidKeyboard());
    await ready;
    const device = await connected;
    await device.forget();
    await turns();
    expect(hubs.map((hub) => hub.devices.map(({ state }) => state.name))).to.deep.equal([['free'], [], []]);
    await close();
  });

  it('what the place at the end says of a device that it does not take is told to who has it', async () => {
    const ends: AttachmentEnd[] = [];
    const { devices, hubs, ready, close } = relayed((end) => ends.push(end));
    await ready;
    for (const sink of hubs[2].sinks) await hubs[2].removeSink(sink);
    const attach = () => Promise.reject(new Error('denied by 0x03,-1,-1,-1,0'));
    await hubs[2].addSink({ name: 'guest', attach, close: () => Promise.resolve() });
    devices.add(new HidKeyboard());
    await turns();
    expect(ends).to.deep.equal([{ reason: 'refused', explanation: 'denied by 0x03,-1,-1,-1,0' }]);
    await close();
  });
});

describe('a hub with rules, as the gate of a server', () => {
  it('refuses what the rules deny, so that the client has it back, and gives sinks the rest', async () => {
    const clock = new VirtualClock();
    const usb = new RemoteUsb();
    const [near, far] = memoryPair();
    const { rules } = parseRules('allow class 08', 'rules');
    await using hub = new Hub({ clock, policy: rulePolicy({ rules, otherwise: 'deny' }) });
    await hub.addSink(usb);
    await hub.addSource(new RedirectionServer(far, { clock }));
    await using client = new RedirectionClient(near, { clock });
    const blocks = new MemoryBlocks(new Uint8Array(64 * 512));
    const [keyboard] = await Promise.all([
      client.attach(new HidKeyboard()),
      client.attach(new MassStorageStick({ blocks })),
    ]);
    expect(await keyboard.ended).to.deep.equal({ reason: 'refused' });
    await turns();
    const devices = await usb.getDevices();
    expect(devices.map(({ productName }) => productName)).to.deep.equal(['Virtual Stick']);
  });

  it('`await using` closes hub, server and client', async () => {
    const clock = new VirtualClock();
    const [near, far] = memoryPair();
    const server = new RedirectionServer(far, { clock });
    const client = new RedirectionClient(near, { clock });
    {
      await using hub = new Hub({ clock });
      await hub.addSource(server);
      await hub.addSink(client);
    }
    expect(await Promise.all([server.closed, client.closed])).to.deep.equal([undefined, undefined]);
    const [left, right] = memoryPair();
    const other = new RedirectionServer(right, { clock });
    await new RedirectionClient(left, { clock })[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    expect(await other.closed).to.equal(undefined);
  });
});

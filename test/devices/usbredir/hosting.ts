import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { UsbredirGuest } from '../../../src/hosts/usbredir/usbredirGuest.ts';
import type { UsbDevice, UsbDeviceSink } from '../../../src/ports/usb.ts';
import { systemClock } from '../../../src/systemClock.ts';

/** A usb-host as small as it can be: gives a device to whoever connects, one after the other. */
export async function hosting(local: UsbDevice) {
  const guests = new Set<UsbredirGuest>();
  const listener = createServer((socket) => {
    const guest = new UsbredirGuest(socket, { name: 'guest', version: 'test', clock: systemClock });
    guests.add(guest);
    guest.attach(local).catch(() => {});
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    address: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    close: async () => {
      listener.close();
      await Promise.all([...guests].map((guest) => guest.close()));
    },
  };
}

/** A sink that waits for one usb-guest to connect. */
export async function awaitingGuest(): Promise<{
  sink: UsbDeviceSink;
  address: { host: string; port: number };
  close: () => Promise<void>;
}> {
  let connected: (guest: UsbredirGuest) => void = () => {};
  const guest = new Promise<UsbredirGuest>((resolve) => (connected = resolve));
  const listener = createServer((socket) => {
    connected(new UsbredirGuest(socket, { name: 'guest', version: 'test', clock: systemClock }));
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    address: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    sink: {
      name: 'usbredir',
      attach: async (device) => (await guest).attach(device),
      close: async () => (await guest).close(),
    },
    close: async () => {
      listener.close();
      await (await guest).close();
    },
  };
}

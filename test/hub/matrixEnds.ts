import { openUsbredirDevices } from '../../src/devices/usbredir/usbredirDevices.ts';
import { openUsbipDevices } from '../../src/devices/usbip/usbipDevices.ts';
import type { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import { RedirectionClient } from '../../src/engine/client.ts';
import { RedirectionServer } from '../../src/engine/server.ts';
import type { RemoteDevice } from '../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../src/hosts/remoteDevice/remoteUsb.ts';
import { UsbipServer } from '../../src/hosts/usbipServer/usbipServer.ts';
import type { UsbDevice, UsbDeviceSink, UsbDeviceSource, UsbStatus } from '../../src/ports/usb.ts';
import { systemClock } from '../../src/systemClock.ts';
import { memoryPair } from '../../transports/memory.ts';
import { awaitingGuest, hosting } from '../devices/usbredir/hosting.ts';
import { addressOf } from '../devices/usbip/importing.ts';
import { Recorder } from '../devices/recorder.ts';

/** What became of a transfer, whatever the interface calls it. */
export interface Outcome {
  readonly status: UsbStatus;
  readonly data: readonly number[];
}

/** A device where a sink has put it, in the words that all interfaces have for it. */
export interface FarEnd {
  /** Opens it and chooses configuration 1. */
  open(): Promise<void>;
  vendorRead(request: number, length: number): Promise<Outcome>;
  read(endpointAddress: number, length: number): Promise<Outcome>;
  write(endpointAddress: number, data: Uint8Array): Promise<UsbStatus>;
  halt(endpointAddress: number): Promise<void>;
  clearHalt(endpointAddress: number): Promise<UsbStatus>;
  /** Ends what is pending early. */
  cancel(): Promise<void>;
  isochronousRead(endpointAddress: number, packetLengths: readonly number[]): Promise<readonly Outcome[]>;
  isochronousWrite(endpointAddress: number, packets: readonly Uint8Array[]): Promise<readonly UsbStatus[]>;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

/** Part of a test's set-up, with what ends it. */
export interface End<T> {
  readonly value: T;
  readonly close: () => Promise<void>;
}

/** A sink, and the device that comes out of it. */
export interface Sink {
  readonly sink: UsbDeviceSink;
  /** The next device. */
  arrival(): Promise<FarEnd>;
}

const SET_FEATURE = 3;

/** Sources of one device. */
export const SOURCES: Readonly<Record<string, (local: VirtualDevice) => Promise<End<UsbDeviceSource>>>> = {
  'virtual devices'(local) {
    const value = new VirtualDevices();
    value.add(local);
    return Promise.resolve({ value, close: () => value.close() });
  },
  async 'a USB/IP server'(local) {
    const server = await UsbipServer.listen({ port: 0, clock: systemClock });
    const { location } = await server.attach(local);
    const value = await openUsbipDevices({ ...addressOf(server.url), busids: [location], clock: systemClock });
    return {
      value,
      async close() {
        await value.close();
        await server.close();
      },
    };
  },
  async 'a usb-host (usbredir)'(local) {
    const host = await hosting(local);
    const value = await openUsbredirDevices({ address: host.address, version: 'test', clock: systemClock });
    return {
      value,
      async close() {
        await value.close();
        await host.close();
      },
    };
  },
  async 'an RDP client'(local) {
    const [near, far] = memoryPair();
    const client = new RedirectionClient(near);
    const value = new RedirectionServer(far);
    void client.attach(local).catch(() => {});
    return Promise.resolve({
      value,
      async close() {
        await value.close();
        await client.close();
      },
    });
  },
};

/** Sinks, each with the interface that users have at its other side. */
export const SINKS: Readonly<Record<string, () => Promise<End<Sink>>>> = {
  'RemoteUsb (WebUSB)'() {
    const sink = new RemoteUsb();
    const arrived = new Promise<RemoteDevice>((resolve) => {
      sink.addEventListener('connect', ({ device }) => resolve(device), { once: true });
    });
    const value = { sink, arrival: async () => webUsbEnd(await arrived, sink) };
    return Promise.resolve({ value, close: () => sink.close() });
  },
  async 'a USB/IP server'() {
    const sink = await UsbipServer.listen({ port: 0, clock: systemClock });
    let importer: UsbDeviceSource | undefined;
    const arrival = async () => {
      importer = await openUsbipDevices({ ...addressOf(sink.url), busids: ['1-1'], clock: systemClock });
      const [device] = await importer.list();
      return usbEnd(device!);
    };
    return {
      value: { sink, arrival },
      async close() {
        await importer?.close();
        await sink.close();
      },
    };
  },
  async 'a usb-guest (usbredir)'() {
    const { sink, address, close } = await awaitingGuest();
    const guest = openUsbredirDevices({ address, version: 'test', clock: systemClock });
    const arrival = async () => usbEnd((await (await guest).list())[0]!);
    return {
      value: { sink, arrival },
      async close() {
        await (await guest).close();
        await close();
      },
    };
  },
  async 'an RDP server'() {
    const [near, far] = memoryPair();
    const sink = new RedirectionClient(near);
    const server = new RedirectionServer(far);
    const arrived = new Promise<UsbDevice>((resolve) => server.watch(resolve));
    const value = { sink, arrival: async () => usbEnd(await arrived) };
    return Promise.resolve({
      value,
      async close() {
        await sink.close();
        await server.close();
      },
    });
  },
};

function usbEnd(device: UsbDevice): FarEnd {
  const usb = new Recorder(device);
  const pending = new Set<{ cancel(): void }>();
  const outcome = async (watched: ReturnType<Recorder['submit']>): Promise<Outcome> => {
    pending.add(watched.transfer);
    const { status, data } = await watched.result;
    pending.delete(watched.transfer);
    return { status, data: [...data] };
  };
  return {
    async open() {
      await usb.open();
      await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    },
    async vendorRead(request, length) {
      const { status, data } = await usb.read(0xc0, request, 0, 0, length);
      return { status, data: [...data] };
    },
    read: (endpointAddress, length) => outcome(usb.in(endpointAddress, length)),
    write: async (endpointAddress, data) => (await outcome(usb.out(endpointAddress, data))).status,
    async halt(endpointAddress) {
      await usb.write(0x02, SET_FEATURE, 0, endpointAddress);
    },
    clearHalt: async (endpointAddress) => (await usb.run({ type: 'clearHalt', endpointAddress })).status,
    cancel() {
      for (const transfer of pending) transfer.cancel();
      return Promise.resolve();
    },
    async isochronousRead(endpointAddress, packetLengths) {
      const result = await usb.run({ type: 'isochronousIn', endpointAddress, packetLengths, startFrame: undefined });
      let at = 0;
      return (result.packets ?? []).map(({ status, length }) => {
        const data = status === 'completed' ? [...result.data.subarray(at, (at += length))] : [];
        return { status, data };
      });
    },
    async isochronousWrite(endpointAddress, packets) {
      const data = Uint8Array.from(packets.flatMap((packet) => [...packet]));
      const packetLengths = packets.map(({ byteLength }) => byteLength);
      const operation = {
        type: 'isochronousOut',
        endpointAddress,
        data,
        packetLengths,
        startFrame: undefined,
      } as const;
      return ((await usb.run(operation)).packets ?? []).map(({ status }) => status);
    },
    gone: device.gone.aborted
      ? Promise.resolve()
      : new Promise((resolve) => device.gone.addEventListener('abort', () => resolve(), { once: true })),
    close: () => usb.close(),
  };
}

function webUsbEnd(device: RemoteDevice, usb: RemoteUsb): FarEnd {
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    usb.addEventListener('disconnect', () => {
      isGone = true;
      resolve();
    });
  });
  const failed = (): UsbStatus => (isGone ? 'disconnected' : 'cancelled');
  const statusOf = (status: USBTransferStatus | undefined): UsbStatus =>
    status === 'ok' ? 'completed' : status === 'stall' ? 'stalled' : 'overflowed';
  const bytesOf = (data: DataView | null | undefined) =>
    data === null || data === undefined ? [] : [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  const inResult = async (result: Promise<USBInTransferResult>): Promise<Outcome> => {
    try {
      const { status, data } = await result;
      return { status: statusOf(status), data: bytesOf(data) };
    } catch {
      return { status: failed(), data: [] };
    }
  };
  const open = async () => {
    await device.open();
    await device.selectConfiguration(1);
    await device.claimInterface(0);
  };
  return {
    open,
    vendorRead: (request, length) =>
      inResult(device.controlTransferIn({ requestType: 'vendor', recipient: 'device', request, value: 0, index: 0 }, length)), // prettier-ignore
    read: (endpointAddress, length) => inResult(device.transferIn(endpointAddress & 0x0f, length)),
    async write(endpointAddress, data) {
      try {
        return statusOf((await device.transferOut(endpointAddress, Uint8Array.from(data))).status);
      } catch {
        return failed();
      }
    },
    async halt(endpointAddress) {
      await device.controlTransferOut({ requestType: 'standard', recipient: 'endpoint', request: SET_FEATURE, value: 0, index: endpointAddress }); // prettier-ignore
    },
    async clearHalt(endpointAddress) {
      await device.clearHalt(endpointAddress >= 0x80 ? 'in' : 'out', endpointAddress & 0x0f);
      return 'completed';
    },
    // WebUSB cancels no transfer of its own; closing the device does.
    async cancel() {
      await device.close();
      await open();
    },
    async isochronousRead(endpointAddress, packetLengths) {
      const { packets } = await device.isochronousTransferIn(endpointAddress & 0x0f, [...packetLengths]);
      return packets.map(({ status, data }) => ({ status: statusOf(status), data: bytesOf(data) }));
    },
    async isochronousWrite(endpointAddress, packets) {
      const data = Uint8Array.from(packets.flatMap((packet) => [...packet]));
      const lengths = packets.map(({ byteLength }) => byteLength);
      const result = await device.isochronousTransferOut(endpointAddress, data, lengths);
      return result.packets.map(({ status }) => statusOf(status));
    },
    gone,
    close: () => (isGone ? Promise.resolve() : device.close()),
  };
}

import type { UsbBusAnswer, UsbBusQuery, UsbDeviceIdentity, UsbResult, UsbSpeed } from '../../ports/usb.ts';

/** What the client's engine knows of a device's bus without asking the device. */
export interface BusFacts {
  readonly identity: UsbDeviceIdentity;
  /** Milliseconds modulo 2^32: the frame number, where the device has none of its own. */
  readonly frameNumber: number;
}

/** Bits a second on the bus that a device of this speed is on. No more than 32 bits can say. */
const BANDWIDTH: Readonly<Record<UsbSpeed, number>> = {
  low: 12_000_000,
  full: 12_000_000,
  high: 480_000_000,
  super: 0xffff_ffff,
  superPlus: 0xffff_ffff,
};

/** What the device's side answered, or what follows from the device's place where it gave no answer. Undefined: it failed. */
export function busAnswerOf(query: UsbBusQuery, result: UsbResult, facts: BusFacts): UsbBusAnswer | undefined {
  if (result.status !== 'completed' && result.status !== 'notSupported') return undefined;
  return result.busAnswer?.query === query ? result.busAnswer : answerFrom(query, facts);
}

/**
 * Hubs and controller have no names that the server could open: theirs here tell which devices share them, by bus and
 * ports as Linux writes them. The device is there and open, so its port is enabled.
 */
function answerFrom(query: UsbBusQuery, { identity, frameNumber }: BusFacts): UsbBusAnswer {
  const { busNumber, portPath, speed } = identity;
  switch (query) {
    case 'frameNumber':
    case 'busTime':
      return { query, frameNumber };
    case 'portStatus':
      return { query, isConnected: true, isEnabled: true };
    case 'hubCount':
      return { query, hubCount: portPath.split('.').length };
    case 'hubName': {
      const isBehindHub = portPath.includes('.');
      const name = isBehindHub ? `USB#HUB#${portPath.replace(/\.\d+$/, '')}` : `USB#ROOT_HUB#${busNumber}`;
      return { query, name };
    }
    case 'controllerName':
      return { query, name: controllerName(busNumber) };
    case 'busInformation': {
      // Nothing tells how much of it is reserved.
      const bandwidth = { totalBandwidth: BANDWIDTH[speed], consumedBandwidth: 0 };
      return { query, ...bandwidth, controllerNameLength: controllerName(busNumber).length * 2 };
    }
  }
}

function controllerName(busNumber: number): string {
  return `USB#HOST_CONTROLLER#${busNumber}`;
}

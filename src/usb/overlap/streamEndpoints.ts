import type { EndpointSetting, InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbDeviceIdentity, UsbSpeed } from '../../ports/usb.ts';
import type { StreamPace } from './streamReads.ts';

/** Classes whose bulk endpoints carry a stream: CDC data ([USB CDC 1.2] 4.5), and wireless controllers (RNDIS). */
const STREAM_CLASSES = [0x0a, 0xe0];
const VENDOR_CLASS = 0xff;
/** Makers of serial and network chips whose interfaces are of the vendor class, by idVendor; all or some idProducts. */
const STREAM_VENDORS: Readonly<Record<number, { readonly from: number; readonly to: number }>> = {
  /** FTDI. */
  0x0403: { from: 0x6000, to: 0x60ff },
  /** Silicon Labs CP210x. */
  0x10c4: { from: 0xea60, to: 0xea80 },
  /** Prolific PL2303. */
  0x067b: { from: 0x2303, to: 0x2303 },
  /** WCH CH340 and CH341. */
  0x1a86: { from: 0x5523, to: 0x7523 },
  /** ASIX AX88xxx. */
  0x0b95: { from: 0x1720, to: 0x1790 },
  /** Realtek RTL815x. */
  0x0bda: { from: 0x8150, to: 0x8157 },
};

/** Bytes of a stream that may be on the way or wait for the host, for each endpoint and direction. */
export const STREAM_WINDOW = 64 * 1024;
const MAXIMUM_STREAM_READS = 32;
const MAXIMUM_INTERRUPT_READS = 64;
/** Milliseconds: how long a report is worth something to a host that does not look. */
const REPORT_KEPT_FOR = 1000;
/** Milliseconds: a shorter way is not worth hiding. */
const SHORTEST_ROUND_TRIP = 2;

/** Whether the bulk endpoints of an interface carry a stream of bytes or packets, which asks nothing of its reader. */
export function isStream(setting: InterfaceSetting, identity: UsbDeviceIdentity): boolean {
  if (STREAM_CLASSES.includes(setting.interfaceClass)) return true;
  const products = STREAM_VENDORS[identity.vendorId];
  if (setting.interfaceClass !== VENDOR_CLASS || products === undefined) return false;
  return identity.productId >= products.from && identity.productId <= products.to;
}

/** Milliseconds between two reports of an interrupt endpoint, [USB 2.0] table 9-13. */
export function reportInterval({ interval }: EndpointSetting, speed: UsbSpeed): number {
  if (speed === 'low' || speed === 'full') return Math.max(1, interval);
  return 2 ** (Math.min(16, Math.max(1, interval)) - 1) / 8;
}

/** One read for each report that can come in a round trip, and one more. */
export function interruptPace(interval: number, roundTrip: () => number): StreamPace {
  return {
    depth: () => {
      const time = roundTrip();
      if (time < Math.max(SHORTEST_ROUND_TRIP, interval / 2)) return 0;
      return Math.min(MAXIMUM_INTERRUPT_READS, Math.ceil(time / interval) + 1);
    },
    keptFor: REPORT_KEPT_FOR,
  };
}

/** As many reads as the window has room for. */
export function streamPace(roundTrip: () => number): StreamPace {
  return {
    depth: (length) => {
      if (roundTrip() < SHORTEST_ROUND_TRIP) return 0;
      return Math.min(MAXIMUM_STREAM_READS, Math.floor(STREAM_WINDOW / Math.max(1, length)));
    },
    keptFor: undefined,
  };
}

/** Bytes that may be acknowledged and not written. */
export function writeWindow(roundTrip: number): number {
  return roundTrip < SHORTEST_ROUND_TRIP ? 0 : STREAM_WINDOW;
}

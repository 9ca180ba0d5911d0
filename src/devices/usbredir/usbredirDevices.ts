import { connect } from 'node:net';
import { type DeviceConnect, UsbredirSpeed } from '../../../codecs/usbredir/connection.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDeviceSource, UsbSpeed } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { PiecewiseDevice } from '../../usb/piecewiseDevice.ts';
import { readDescription } from '../../usb/readDescription.ts';
import { type Acquired, AcquiredDevices, type AcquiringOptions } from '../acquiredDevices.ts';
import { HostLink } from './hostLink.ts';
import { UsbredirDevice } from './hostedDevice.ts';

/** Where a usb-host listens. */
export type UsbredirHostAddress =
  | {
      /** Name or address; IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
    }
  | {
      /** Of a unix socket. */
      readonly path: string;
    };

/** Options of {@link openUsbredirDevices}. */
export interface UsbredirDevicesOptions extends AcquiringOptions {
  /** Of the usb-host. */
  readonly address: UsbredirHostAddress;
  /** Name and version of the program, for the host's log. */
  readonly version: string;
}

/** Milliseconds for a connection, and for the host to tell of its device. */
const ANSWER_TIME = 10_000;

/**
 * The source of the device of a usb-host, such as Debian's `usbredirect`: a host has one device a connection.
 * @throws DeviceError when it gives none, unless it is waited for; the system's error when it cannot be reached
 */
export function openUsbredirDevices(options: UsbredirDevicesOptions): Promise<UsbDeviceSource> {
  const name = hostName(options.address);
  const { address } = options;
  const connection = { address: 'path' in address ? `unix:${address.path}` : address.host };
  return AcquiredDevices.open({ ...options, name, connection, names: [name], acquire: () => acquire(options, name) });
}

/** For people, and to tell devices of this machine from others. */
function hostName(address: UsbredirHostAddress): string {
  if ('path' in address) return `usbredir+unix:${address.path}`;
  const { host, port } = address;
  return `usbredir://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function acquire(
  { address, version, clock, onFinding }: UsbredirDevicesOptions,
  name: string,
): Promise<Acquired> {
  const socket = connect(address);
  const link = new HostLink(socket, name, version);
  try {
    const told = await inTime(link, name, clock);
    const speed = speedOf(told.speed);
    const device = new UsbredirDevice(link, name, speed, clock);
    const { told: identity, ...description } = await readDescription(device, name, (finding) => onFinding?.(finding));
    const place = { speed, busNumber: 0, deviceAddress: 1, portPath: name };
    const [first] = description.configurations;
    device.describe(description, { ...identity, ...place }, first?.configurationValue ?? 0);
    return {
      device: new PiecewiseDevice(device, (endpointAddress) => device.packetSize(endpointAddress)),
      lost: link.closed,
      async release() {
        link.close();
        await link.closed;
      },
    };
  } catch (error) {
    link.close();
    throw error;
  }
}

async function inTime({ device }: HostLink, name: string, clock: Clock): Promise<DeviceConnect> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = clock.after(ANSWER_TIME, () => {
      const problem = `no device within ${ANSWER_TIME} ms: does usbredir listen there, and has it a device?`;
      reject(new DeviceError('TIMED_OUT', `${name}: ${problem}`));
    });
  });
  try {
    return await Promise.race([device, late]);
  } finally {
    stop();
  }
}

function speedOf(number: number): UsbSpeed {
  switch (number) {
    case UsbredirSpeed.low:
      return 'low';
    case UsbredirSpeed.high:
      return 'high';
    case UsbredirSpeed.super:
      return 'super';
    default:
      return 'full';
  }
}

import type { UsbDeviceSource } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { PiecewiseDevice } from '../../usb/piecewiseDevice.ts';
import { readDescription } from '../../usb/readDescription.ts';
import { usbSpeedOf } from '../../usbip/speed.ts';
import { type Acquired, AcquiredDevices, type AcquiringOptions } from '../acquiredDevices.ts';
import { Cable } from './cable.ts';
import { ImportedDevice } from './importedDevice.ts';
import { importDevice, serverName, type UsbipServerAddress } from './operations.ts';

/** Options of {@link openUsbipDevices}. */
export interface UsbipDevicesOptions extends UsbipServerAddress, AcquiringOptions {
  /** The devices to import, by the names that the server has for them, such as `1-1`. */
  readonly busids: readonly string[];
}

/** Names as Linux and Windows make them: nothing in them may steer a path or a terminal. */
const BUSID = /^[\w.:-]{1,31}$/;

/**
 * The source of devices that a USB/IP server exports: Linux's usbipd, usbipd-win, one in a microcontroller. They are imported
 * when the source is opened, since a server tells nothing of a device but its ids to those who have not imported it, and go
 * back when it is closed. A device that is lost is asked for again, and is another object then.
 * @throws DeviceError when one is not to be had, unless it is waited for; the system's error when the server cannot be reached
 */
export async function openUsbipDevices(options: UsbipDevicesOptions): Promise<UsbDeviceSource> {
  const { busids, host } = options;
  const name = serverName(options);
  for (const busid of busids) {
    if (!BUSID.test(busid)) throw new DeviceError('CANNOT_OPEN', `${name}: ${JSON.stringify(busid)} is no busid`);
  }
  return AcquiredDevices.open({
    ...options,
    name,
    connection: { address: host },
    names: busids,
    acquire: (busid) => acquire(options, busid),
  });
}

async function acquire(options: UsbipDevicesOptions, busid: string): Promise<Acquired> {
  const { clock, onFinding } = options;
  const { socket, device: told } = await importDevice(options, busid, clock);
  const { busnum, devnum, bConfigurationValue } = told;
  const cable = new Cable(socket, (((busnum & 0xffff) << 16) | (devnum & 0xffff)) >>> 0);
  try {
    // The name of a place at another machine must not look like one of this machine.
    const name = `${serverName(options)}/${busid}`;
    const speed = usbSpeedOf(told.speed);
    const imported = new ImportedDevice(cable, { name, speed }, clock);
    const { told: identity, ...description } = await readDescription(imported, name, (finding) => onFinding?.(finding));
    const place = { speed, busNumber: busnum & 0xffff, deviceAddress: devnum & 0xffff, portPath: name };
    imported.describe(description, { ...identity, ...place }, bConfigurationValue);
    return acquiredDevice(imported, cable);
  } catch (error) {
    cable.close();
    throw error;
  }
}

/** An imported device, which goes back when its cable is cut. */
export function acquiredDevice(imported: ImportedDevice, cable: Cable): Acquired {
  return {
    device: new PiecewiseDevice(imported, (endpointAddress) => imported.packetSize(endpointAddress)),
    lost: cable.closed,
    async release() {
      cable.close();
      await cable.closed;
    },
  };
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../../../codecs/core/errors.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDeviceSource } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { perform } from '../../usb/results.ts';
import { socketPair } from '../../usbip/socketPair.ts';
import { type Acquired, AcquiredDevices, type AcquiringOptions } from '../acquiredDevices.ts';
import { readDeviceNames, scanSysfs } from '../libusb/sysfs.ts';
import { Cable } from '../usbip/cable.ts';
import { ImportedDevice } from '../usbip/importedDevice.ts';
import { acquiredDevice } from '../usbip/usbipDevices.ts';
import { giveBackUnused, type StubDriver, SysfsStubDriver } from './stubDriver.ts';
import { type TakenFolders, TakenRecords } from './takenRecords.ts';

/** Options of {@link openUsbipHostDevices}. */
export interface UsbipHostOptions extends AcquiringOptions, TakenFolders {
  /** The devices to take, by their sockets, such as `1-2.3`. */
  readonly busids: readonly string[];
  /** Where Linux tells of devices; default `/sys`. */
  readonly sysfsRoot?: string;
  /** @internal default: that of this machine */
  readonly driver?: StubDriver;
}

const BUSID = /^\d+-[\d.]+$/;
const HUB_CLASS = 9;

/**
 * The source of devices of this machine through the kernel's driver usbip-host: isochronous transfers without libusb. It takes
 * whole devices from their drivers when it is opened, and gives them back when it is closed. For root, on Linux, with the
 * module usbip-host.
 * @throws DeviceError when a device cannot be taken, unless it is waited for
 */
export async function openUsbipHostDevices(options: UsbipHostOptions): Promise<UsbDeviceSource> {
  const { busids, clock, sysfsRoot = '/sys' } = options;
  for (const busid of busids) {
    if (!BUSID.test(busid)) {
      throw new DeviceError('CANNOT_OPEN', `${JSON.stringify(busid)} is no socket: give bus and ports, such as 1-2.3`);
    }
  }
  const driver = options.driver ?? new SysfsStubDriver(sysfsRoot);
  const records = new TakenRecords(options);
  await mendLeft(driver, records, clock);
  return AcquiredDevices.open({
    ...options,
    name: 'usbip-host',
    names: busids,
    acquire: (busid) => new Taking(busid, driver, records, sysfsRoot, clock).acquire(),
  });
}

/** Gives back what processes have taken that were killed. Returns the names of these devices. */
export async function mendLeft(driver: StubDriver, records: TakenRecords, clock: Clock): Promise<readonly string[]> {
  const left = await records.left();
  for (const busid of left) {
    await giveBackUnused(driver, busid, clock);
    await records.remove(busid);
  }
  return left;
}

/** A device from the moment in which its drivers lose it to the one in which they have it back. */
class Taking {
  readonly #busid: string;
  readonly #driver: StubDriver;
  readonly #records: TakenRecords;
  readonly #sysfsRoot: string;
  readonly #clock: Clock;

  constructor(busid: string, driver: StubDriver, records: TakenRecords, sysfsRoot: string, clock: Clock) {
    this.#busid = busid;
    this.#driver = driver;
    this.#records = records;
    this.#sysfsRoot = sysfsRoot;
    this.#clock = clock;
  }

  /** @throws DeviceError */
  async acquire(): Promise<Acquired> {
    const busid = this.#busid;
    const folder = join(this.#sysfsRoot, 'bus/usb/devices');
    const facts = scanSysfs(folder).find(({ identity }) => identity.portPath === busid);
    if (facts === undefined) throw new DeviceError('DEVICE_GONE', `there is no USB device at port ${busid}`);
    if (facts.identity.deviceClass === HUB_CLASS)
      throw new DeviceError('CANNOT_OPEN', `${busid} is a hub: take what is plugged into it`);
    if ((await this.#driver.status(busid)) !== undefined) {
      throw new DeviceError(
        'DEVICE_IN_USE',
        `usbip-host has device ${busid} for another program: usbip unbind -b ${busid}`,
      );
    }
    const names = await readDeviceNames(busid, folder);
    // The kernel takes the configuration away with the drivers.
    const value = Number(await readFile(join(folder, busid, 'bConfigurationValue'), 'utf8').catch(() => ''));
    await this.#records.add(busid).catch((error: unknown) => {
      throw new DeviceError('PERMISSION_DENIED', `usbip-host is for root: ${asError(error).message}`, { cause: error });
    });
    let cable: Cable | undefined;
    try {
      await this.#driver.take(busid);
      const { ours, theirs } = await socketPair();
      const { busNumber, deviceAddress, speed } = facts.identity;
      cable = new Cable(ours, ((busNumber << 16) | deviceAddress) >>> 0);
      await this.#driver.connect(busid, theirs);
      const imported = new ImportedDevice(cable, { name: busid, speed }, this.#clock);
      await configure(imported, busid, value);
      const { deviceDescriptor, configurationDescriptors } = facts;
      const configurations = readConfigurations(configurationDescriptors);
      const description = { deviceDescriptor, configurationDescriptors, configurations };
      imported.describe(description, { ...facts.identity, ...names }, value);
      const acquired = acquiredDevice(imported, cable);
      return { ...acquired, release: () => acquired.release().then(() => this.#giveBack()) };
    } catch (error) {
      cable?.close();
      await this.#giveBack();
      throw error;
    }
  }

  async #giveBack(): Promise<void> {
    await giveBackUnused(this.#driver, this.#busid, this.#clock);
    await this.#records.remove(this.#busid);
  }
}

/** Sets the configuration that the device had. @throws DeviceError */
async function configure(device: ImportedDevice, busid: string, value: number): Promise<void> {
  if (value === 0) return;
  const setup = { bmRequestType: 0, bRequest: 9, wValue: value, wIndex: 0, wLength: 0 };
  const operation = { type: 'control', setup, data: new Uint8Array(0), timeout: 5000 } as const;
  const { status } = await perform(device, operation);
  if (status === 'completed') return;
  throw new DeviceError('CANNOT_OPEN', `device ${busid} does not take its configuration ${value} back (${status})`);
}

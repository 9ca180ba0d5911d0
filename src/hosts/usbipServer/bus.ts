import type { UsbipListedDevice } from '../../../codecs/usbip/operations.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { USBIP_SPEEDS } from '../../usbip/speed.ts';

/** The number of the bus that a server shows its clients. */
const BUS = 1;
/** Device 1 of a bus is its root hub. */
const FIRST_DEVICE = 2;

/** A device in a port of the bus. */
export interface BusDevice {
  readonly device: UsbDevice;
  /** Counts from 0. */
  readonly port: number;
  /** The name by which clients import it, such as `1-2`. Unique while the device is there. */
  readonly busid: string;
}

/** The bus that a server shows its clients. Each device gets the lowest free port. */
export class Bus {
  readonly #ports: (BusDevice | undefined)[] = [];

  plugIn(device: UsbDevice): BusDevice {
    const free = this.#ports.indexOf(undefined);
    const port = free >= 0 ? free : this.#ports.length;
    const plugged = { device, port, busid: `${BUS}-${port + 1}` };
    this.#ports[port] = plugged;
    return plugged;
  }

  unplug({ port }: BusDevice): void {
    this.#ports[port] = undefined;
  }

  find(busid: string): BusDevice | undefined {
    return this.devices.find((each) => each.busid === busid);
  }

  /** In the order of their ports. */
  get devices(): BusDevice[] {
    return this.#ports.filter((each) => each !== undefined);
  }
}

/**
 * A device as OP_REP_DEVLIST lists it; OP_REP_IMPORT has the same without interfaces. Interfaces and bConfigurationValue
 * are those of the first configuration, which is what most systems choose.
 */
export function describeBusDevice({ device, port, busid }: BusDevice): UsbipListedDevice {
  const { identity, configurations, configurationDescriptors } = device;
  const [first] = configurations;
  const interfaces = first?.interfaces.filter(({ alternateSetting }) => alternateSetting === 0) ?? [];
  return {
    path: `/urbdrc/${busid}`,
    busid,
    busnum: BUS,
    devnum: FIRST_DEVICE + port,
    speed: USBIP_SPEEDS[identity.speed],
    idVendor: identity.vendorId,
    idProduct: identity.productId,
    bcdDevice: identity.deviceVersion,
    bDeviceClass: identity.deviceClass,
    bDeviceSubClass: identity.deviceSubclass,
    bDeviceProtocol: identity.deviceProtocol,
    bConfigurationValue: first?.configurationValue ?? 0,
    bNumConfigurations: configurationDescriptors.length,
    interfaces: interfaces.map(({ interfaceClass, interfaceSubClass, interfaceProtocol }) => ({
      bInterfaceClass: interfaceClass,
      bInterfaceSubClass: interfaceSubClass,
      bInterfaceProtocol: interfaceProtocol,
    })),
  };
}

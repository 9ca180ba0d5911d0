import type { ListedDevice } from '../../../codecs/usbip/operations.ts';
import type { RedirectedDevice } from '../../ports/usb.ts';
import { USBIP_SPEEDS } from '../usbip/speed.ts';

/** The number of the bus that a server pretends to have. */
const BUS = 1;
/** Device 1 of a bus is its root hub. */
const FIRST_DEVICE = 2;

/** A device in a port of the bus. */
export interface PluggedDevice {
  readonly device: RedirectedDevice;
  /** Counts from 0. */
  readonly port: number;
  /** What clients ask for it by, such as `1-2`. No other device has it while this one is there. */
  readonly busid: string;
}

/** The bus that a server pretends to have: each device is in a port, the lowest that was free when it came. */
export class Bus {
  readonly #ports: (PluggedDevice | undefined)[] = [];

  plugIn(device: RedirectedDevice): PluggedDevice {
    const free = this.#ports.indexOf(undefined);
    const port = free >= 0 ? free : this.#ports.length;
    const plugged = { device, port, busid: `${BUS}-${port + 1}` };
    this.#ports[port] = plugged;
    return plugged;
  }

  unplug({ port }: PluggedDevice): void {
    this.#ports[port] = undefined;
  }

  find(busid: string): PluggedDevice | undefined {
    return this.devices.find((each) => each.busid === busid);
  }

  /** In the order of their ports. */
  get devices(): PluggedDevice[] {
    return this.#ports.filter((each) => each !== undefined);
  }
}

/**
 * What a list of devices tells about one, and an import without the interfaces: they, and the configuration's value,
 * are those of the first configuration, which is what most systems choose.
 */
export function describePlugged({ device, port, busid }: PluggedDevice): ListedDevice {
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

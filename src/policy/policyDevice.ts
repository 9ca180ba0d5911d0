import {
  type Configuration,
  type InterfaceSetting,
  parseConfiguration,
} from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';

/** What the machine that a device is plugged into does with it. Undefined: it cannot be told. */
export interface LocalUse {
  /** A file system or swap space of it is in use. */
  readonly mounted?: boolean;
  /** The system itself is on it: `/`, `/usr` or `/boot`. */
  readonly isRootDisk?: boolean;
  /** This machine's way to the network leads over it. */
  readonly carriesDefaultRoute?: boolean;
  /** It is plugged in elsewhere, and here by USB/IP: by `urbdrc serve --attach vhci`, say. */
  readonly isRedirected?: boolean;
}

/** The {@link LocalUse} of a device of another machine: this one does nothing with it. */
export const NOT_USED_HERE: LocalUse = {
  mounted: false,
  isRootDisk: false,
  carriesDefaultRoute: false,
  isRedirected: false,
};

/** A device as rules see it. */
export interface PolicyDevice {
  readonly identity: UsbDeviceIdentity;
  /** Those that could be read. */
  readonly configurations: readonly Configuration[];
  /** True when a configuration descriptor is malformed, so that the device may have interfaces that nobody sees. */
  readonly hasUnreadableInterfaces: boolean;
  readonly localUse: LocalUse;
}

/** Reads what rules need to know of a device. Never throws: a malformed descriptor is noted as such. */
export function policyDevice(
  device: { readonly identity: UsbDeviceIdentity; readonly configurationDescriptors: readonly Uint8Array[] },
  localUse: LocalUse = {},
): PolicyDevice {
  const configurations: Configuration[] = [];
  for (const descriptor of device.configurationDescriptors) {
    try {
      configurations.push(parseConfiguration(descriptor));
    } catch {
      // The device may be odd or hostile; which of the two, the rules cannot know.
    }
  }
  const hasUnreadableInterfaces = configurations.length < device.configurationDescriptors.length;
  return { identity: device.identity, configurations, hasUnreadableInterfaces, localUse };
}

/** Every alternate setting of every interface in every configuration. */
export function interfaceSettings({ configurations }: PolicyDevice): InterfaceSetting[] {
  return configurations.flatMap((configuration) => configuration.interfaces);
}

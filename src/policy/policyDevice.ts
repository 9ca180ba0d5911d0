import type { Configuration, InterfaceSetting } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity } from '../ports/usb.ts';

/** Use of a device by the machine that it is plugged into. Undefined: unknown. */
export interface LocalUse {
  /** A file system or swap space of it is in use. */
  readonly mounted?: boolean;
  /** The system itself is on it: `/`, `/usr` or `/boot`. */
  readonly isRootDisk?: boolean;
  /** This machine's way to the network leads over it. */
  readonly carriesDefaultRoute?: boolean;
  /** It is plugged in elsewhere, and here by USB/IP: by `urbdrc serve --attach vhci`, say. */
  readonly isRedirected?: boolean;
  /** The seat of the machine that it is assigned to; empty: none. */
  readonly seat?: string;
}

/** The {@link LocalUse} of a device of another machine: this one does nothing with it. */
export const NOT_USED_HERE: LocalUse = {
  mounted: false,
  isRootDisk: false,
  carriesDefaultRoute: false,
  isRedirected: false,
  seat: '',
};

/** bNumConfigurations in a device descriptor, [USB 2.0] 9.6.1. */
const CONFIGURATION_COUNT_OFFSET = 17;

/** A device as rules see it. */
export interface PolicyDevice {
  /** Ids, class and place. */
  readonly identity: UsbDeviceIdentity;
  /** Those that could be read. */
  readonly configurations: readonly Configuration[];
  /**
   * True when a configuration descriptor is malformed, or the device has more configurations than were read, so that it
   * may have interfaces that nobody sees.
   */
  readonly hasUnreadableInterfaces: boolean;
  /** What this machine does with it. */
  readonly localUse: LocalUse;
}

/** The names of the port that a device is in: a socket of USB 3 has two. */
export function portNames({ portPath, peerPortPath }: UsbDeviceIdentity): string[] {
  return peerPortPath === undefined ? [portPath] : [portPath, peerPortPath];
}

/** Facts about a device that rules judge. */
export function policyDevice(
  {
    identity,
    deviceDescriptor,
    configurations,
    configurationDescriptors,
  }: Pick<UsbDevice, 'identity' | 'deviceDescriptor' | 'configurations' | 'configurationDescriptors'>,
  localUse: LocalUse = {},
): PolicyDevice {
  // The device may be odd or hostile: rules cannot know which.
  const count = Math.max(configurationDescriptors.length, deviceDescriptor[CONFIGURATION_COUNT_OFFSET] ?? 0);
  const hasUnreadableInterfaces = configurations.length < count;
  return { identity, configurations, hasUnreadableInterfaces, localUse };
}

/** Every alternate setting of every interface in every configuration. */
export function interfaceSettings({ configurations }: PolicyDevice): InterfaceSetting[] {
  return configurations.flatMap((configuration) => configuration.interfaces);
}

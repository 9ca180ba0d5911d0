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
}

/** The {@link LocalUse} of a device of another machine: this one does nothing with it. */
export const NOT_USED_HERE: LocalUse = {
  mounted: false,
  isRootDisk: false,
  carriesDefaultRoute: false,
  isRedirected: false,
};

/** The part of a device that rules judge. */
type Describable = Pick<UsbDevice, 'identity' | 'configurations' | 'configurationDescriptors'>;

/** A device as rules see it. */
export interface PolicyDevice {
  readonly identity: UsbDeviceIdentity;
  /** Those that could be read. */
  readonly configurations: readonly Configuration[];
  /** True when a configuration descriptor is malformed, so that the device may have interfaces that no rule sees. */
  readonly hasUnreadableInterfaces: boolean;
  readonly localUse: LocalUse;
}

/** The names of the port that a device is in: a socket of USB 3 has two. */
export function portNames({ portPath, peerPortPath }: UsbDeviceIdentity): string[] {
  return peerPortPath === undefined ? [portPath] : [portPath, peerPortPath];
}

/** Facts about a device that rules judge. */
export function policyDevice(
  { identity, configurations, configurationDescriptors }: Describable,
  localUse: LocalUse = {},
): PolicyDevice {
  // The device may be odd or hostile: rules cannot know which.
  const hasUnreadableInterfaces = configurations.length < configurationDescriptors.length;
  return { identity, configurations, hasUnreadableInterfaces, localUse };
}

/** Every alternate setting of every interface in every configuration. */
export function interfaceSettings({ configurations }: PolicyDevice): InterfaceSetting[] {
  return configurations.flatMap((configuration) => configuration.interfaces);
}

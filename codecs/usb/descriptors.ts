/** Every descriptor that has a codec, and the walk through a blob of them. */
import { codec, type Codec, entryOf } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import {
  BosDescriptor,
  ContainerIdDescriptor,
  DeviceCapabilityType,
  PlatformDescriptor,
  SuperSpeedUsbDescriptor,
  UnknownDeviceCapabilityDescriptor,
  Usb20ExtensionDescriptor,
} from './bosDescriptor.ts';
import {
  ConfigurationDescriptor,
  EndpointDescriptor,
  InterfaceAssociationDescriptor,
  InterfaceDescriptor,
  OtherSpeedConfigurationDescriptor,
  SuperSpeedEndpointCompanionDescriptor,
  SuperSpeedPlusIsochronousEndpointCompanionDescriptor,
} from './configurationDescriptors.ts';
import { DescriptorType, peekDescriptor, type RawDescriptor } from './descriptorHeader.ts';
import { DeviceDescriptor, DeviceQualifierDescriptor } from './deviceDescriptors.ts';
import { HidDescriptor } from './hidDescriptor.ts';
import { LanguageListDescriptor, StringDescriptor } from './stringDescriptor.ts';
import { UnknownDescriptor } from './unknownDescriptor.ts';

const SPEC = { document: 'USB 2.0', section: '9.5' };

/** bInterfaceClass of HID, [HID 1.11] 4.1. */
const HID_CLASS = 3;

/** Any descriptor, told apart by `name`. */
export type UsbDescriptor =
  | DeviceDescriptor
  | DeviceQualifierDescriptor
  | ConfigurationDescriptor
  | OtherSpeedConfigurationDescriptor
  | InterfaceAssociationDescriptor
  | InterfaceDescriptor
  | EndpointDescriptor
  | SuperSpeedEndpointCompanionDescriptor
  | SuperSpeedPlusIsochronousEndpointCompanionDescriptor
  | StringDescriptor
  | LanguageListDescriptor
  | BosDescriptor
  | Usb20ExtensionDescriptor
  | SuperSpeedUsbDescriptor
  | ContainerIdDescriptor
  | PlatformDescriptor
  | UnknownDeviceCapabilityDescriptor
  | HidDescriptor
  | UnknownDescriptor;

/** The codecs by name. */
export const USB_DESCRIPTORS: Readonly<Record<UsbDescriptor['name'], Codec<UsbDescriptor>>> = {
  DEVICE_DESCRIPTOR: DeviceDescriptor,
  DEVICE_QUALIFIER_DESCRIPTOR: DeviceQualifierDescriptor,
  CONFIGURATION_DESCRIPTOR: ConfigurationDescriptor,
  OTHER_SPEED_CONFIGURATION_DESCRIPTOR: OtherSpeedConfigurationDescriptor,
  INTERFACE_ASSOCIATION_DESCRIPTOR: InterfaceAssociationDescriptor,
  INTERFACE_DESCRIPTOR: InterfaceDescriptor,
  ENDPOINT_DESCRIPTOR: EndpointDescriptor,
  SUPERSPEED_USB_ENDPOINT_COMPANION_DESCRIPTOR: SuperSpeedEndpointCompanionDescriptor,
  SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION_DESCRIPTOR: SuperSpeedPlusIsochronousEndpointCompanionDescriptor,
  STRING_DESCRIPTOR: StringDescriptor,
  STRING_DESCRIPTOR_ZERO: LanguageListDescriptor,
  BOS_DESCRIPTOR: BosDescriptor,
  USB_2_0_EXTENSION_DESCRIPTOR: Usb20ExtensionDescriptor,
  SUPERSPEED_USB_DESCRIPTOR: SuperSpeedUsbDescriptor,
  CONTAINER_ID_DESCRIPTOR: ContainerIdDescriptor,
  PLATFORM_DESCRIPTOR: PlatformDescriptor,
  UNKNOWN_DEVICE_CAPABILITY_DESCRIPTOR: UnknownDeviceCapabilityDescriptor,
  HID_DESCRIPTOR: HidDescriptor,
  UNKNOWN_DESCRIPTOR: UnknownDescriptor,
};

/**
 * All descriptors of a blob, in order: the answer to GET_DESCRIPTOR, or what Linux has in sysfs. Those that have no
 * codec become UNKNOWN_DESCRIPTOR. Type 33 is a HID descriptor only within a HID interface, since other classes use the
 * number too. String descriptors are read as text: only the request tells which is the list of languages, for which there is
 * {@link LanguageListDescriptor}.
 * @throws DecodeError when a bLength reaches past the end or is too small for its type.
 */
export function decodeDescriptors(bytes: Uint8Array, options?: ReaderOptions): UsbDescriptor[] {
  const reader = new Reader(bytes, 'DESCRIPTORS', SPEC, options);
  const descriptors: UsbDescriptor[] = [];
  let interfaceClass: number | undefined;
  while (reader.remaining > 0) {
    const raw = peekDescriptor(reader);
    const codec = codecOf(raw, interfaceClass);
    const inner = reader.sub(raw.length, codec.name, codec.spec);
    const descriptor = codec.decode(inner);
    inner.end();
    if (descriptor.name === 'INTERFACE_DESCRIPTOR') interfaceClass = descriptor.bInterfaceClass;
    descriptors.push(descriptor);
  }
  return descriptors;
}

/** The blob that {@link decodeDescriptors} read, byte for byte. @throws UsageError for values that do not fit. */
export function encodeDescriptors(descriptors: readonly UsbDescriptor[]): Parts {
  return Descriptors.encode(descriptors);
}

/** A blob of descriptors as one structure. */
export const Descriptors = codec<readonly UsbDescriptor[]>({
  name: 'DESCRIPTORS',
  spec: SPEC,
  decode: (reader) => decodeDescriptors(reader.rest(), { lenient: reader.lenient }),
  write(out, descriptors) {
    for (const descriptor of descriptors) {
      entryOf<Codec<UsbDescriptor>>(USB_DESCRIPTORS, descriptor.name, 'descriptor').write(out, descriptor);
    }
  },
});

function codecOf(raw: RawDescriptor, interfaceClass: number | undefined): Codec<UsbDescriptor> {
  switch (raw.descriptorType) {
    case DescriptorType.DEVICE:
      return DeviceDescriptor;
    case DescriptorType.CONFIGURATION:
      return ConfigurationDescriptor;
    case DescriptorType.STRING:
      return StringDescriptor;
    case DescriptorType.INTERFACE:
      return InterfaceDescriptor;
    case DescriptorType.ENDPOINT:
      return EndpointDescriptor;
    case DescriptorType.DEVICE_QUALIFIER:
      return DeviceQualifierDescriptor;
    case DescriptorType.OTHER_SPEED_CONFIGURATION:
      return OtherSpeedConfigurationDescriptor;
    case DescriptorType.INTERFACE_ASSOCIATION:
      return InterfaceAssociationDescriptor;
    case DescriptorType.BOS:
      return BosDescriptor;
    case DescriptorType.DEVICE_CAPABILITY:
      return capabilityCodec(raw.subtype ?? 0);
    case DescriptorType.HID:
      return interfaceClass === HID_CLASS ? HidDescriptor : UnknownDescriptor;
    case DescriptorType.SUPERSPEED_USB_ENDPOINT_COMPANION:
      return SuperSpeedEndpointCompanionDescriptor;
    case DescriptorType.SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION:
      return SuperSpeedPlusIsochronousEndpointCompanionDescriptor;
    default:
      return UnknownDescriptor;
  }
}

function capabilityCodec(devCapabilityType: number): Codec<UsbDescriptor> {
  switch (devCapabilityType) {
    case DeviceCapabilityType.USB_2_0_EXTENSION:
      return Usb20ExtensionDescriptor;
    case DeviceCapabilityType.SUPERSPEED_USB:
      return SuperSpeedUsbDescriptor;
    case DeviceCapabilityType.CONTAINER_ID:
      return ContainerIdDescriptor;
    case DeviceCapabilityType.PLATFORM:
      return PlatformDescriptor;
    default:
      return UnknownDeviceCapabilityDescriptor;
  }
}

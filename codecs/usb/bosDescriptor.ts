/** The binary device object store, [USB 3.2] 9.6.2: a header and then one device capability after the other. */
import { UsageError } from '../core/errors.ts';
import { codec, type Codec } from '../core/message.ts';
import {
  beginDescriptor,
  decodeHeader,
  DescriptorType,
  endDescriptor,
  fixedDescriptor,
  takeAdditionalBytes,
  writeAdditionalBytes,
  type AdditionalBytes,
} from './descriptorHeader.ts';

/** bDevCapabilityType, [USB 3.2] table 9-14. */
export const DeviceCapabilityType = { USB_2_0_EXTENSION: 2, SUPERSPEED_USB: 3, CONTAINER_ID: 4, PLATFORM: 5 } as const;

const capability = (devCapabilityType: number) => ({
  descriptorType: DescriptorType.DEVICE_CAPABILITY,
  devCapabilityType,
});

/** Bytes of {@link BosDescriptor}, before the device capabilities. */
export const BOS_HEADER_SIZE = 5;

/** The bytes that start a BOS, [USB 3.2] 9.6.2. */
export interface BosDescriptor extends AdditionalBytes {
  readonly name: 'BOS_DESCRIPTOR';
  /** Bytes of this and of all its device capabilities. */
  readonly wTotalLength: number;
  readonly bNumDeviceCaps: number;
}

export const BosDescriptor: Codec<BosDescriptor> = fixedDescriptor(
  'BOS_DESCRIPTOR',
  { document: 'USB 3.2', section: '9.6.2' },
  { descriptorType: DescriptorType.BOS },
  { wTotalLength: 'u16', bNumDeviceCaps: 'u8' },
);

/** [USB 3.2] 9.6.2.1 */
export interface Usb20ExtensionDescriptor extends AdditionalBytes {
  readonly name: 'USB_2_0_EXTENSION_DESCRIPTOR';
  /** Bit 1: link power management. */
  readonly bmAttributes: number;
}

export const Usb20ExtensionDescriptor: Codec<Usb20ExtensionDescriptor> = fixedDescriptor(
  'USB_2_0_EXTENSION_DESCRIPTOR',
  { document: 'USB 3.2', section: '9.6.2.1' },
  capability(DeviceCapabilityType.USB_2_0_EXTENSION),
  { bmAttributes: 'u32' },
);

/** [USB 3.2] 9.6.2.2 */
export interface SuperSpeedUsbDescriptor extends AdditionalBytes {
  readonly name: 'SUPERSPEED_USB_DESCRIPTOR';
  readonly bmAttributes: number;
  /** Bit 0: low, 1: full, 2: high speed, 3: 5 Gbit/s. */
  readonly wSpeedsSupported: number;
  /** The lowest speed at which everything works, as a bit number of the above. */
  readonly bFunctionalitySupport: number;
  /** Microseconds. */
  readonly bU1DevExitLat: number;
  /** Microseconds. */
  readonly wU2DevExitLat: number;
}

export const SuperSpeedUsbDescriptor: Codec<SuperSpeedUsbDescriptor> = fixedDescriptor(
  'SUPERSPEED_USB_DESCRIPTOR',
  { document: 'USB 3.2', section: '9.6.2.2' },
  capability(DeviceCapabilityType.SUPERSPEED_USB),
  {
    bmAttributes: 'u8',
    wSpeedsSupported: 'u16',
    bFunctionalitySupport: 'u8',
    bU1DevExitLat: 'u8',
    wU2DevExitLat: 'u16',
  },
);

const UUID_SIZE = 16;

/** The same UUID on every bus by which one device is attached, [USB 3.2] 9.6.2.3. */
export interface ContainerIdDescriptor extends AdditionalBytes {
  readonly name: 'CONTAINER_ID_DESCRIPTOR';
  readonly bReserved: number;
  /** 16 bytes. */
  readonly containerID: Uint8Array;
}

export const ContainerIdDescriptor = codec<ContainerIdDescriptor>({
  name: 'CONTAINER_ID_DESCRIPTOR',
  spec: { document: 'USB 3.2', section: '9.6.2.3' },
  decode(reader) {
    const following = decodeHeader(reader, capability(DeviceCapabilityType.CONTAINER_ID), 1 + UUID_SIZE);
    const bReserved = reader.u8('bReserved');
    const containerID = reader.take(UUID_SIZE, 'ContainerID');
    const additional = takeAdditionalBytes(reader, following - 1 - UUID_SIZE);
    return { name: 'CONTAINER_ID_DESCRIPTOR', bReserved, containerID, ...additional };
  },
  write(out, value) {
    const start = beginDescriptor(out, capability(DeviceCapabilityType.CONTAINER_ID));
    out.u8(value.bReserved, 'bReserved');
    out.append(checkUuid(value.containerID, 'CONTAINER_ID_DESCRIPTOR.ContainerID'));
    writeAdditionalBytes(out, value);
    endDescriptor(out, value.name, start);
  },
});

/** What one platform (Microsoft OS 2.0, WebUSB, ...) wants to know, [USB 3.2] 9.6.2.4. */
export interface PlatformDescriptor {
  readonly name: 'PLATFORM_DESCRIPTOR';
  readonly bReserved: number;
  /** 16 bytes. */
  readonly platformCapabilityUUID: Uint8Array;
  readonly capabilityData: Uint8Array;
}

export const PlatformDescriptor = codec<PlatformDescriptor>({
  name: 'PLATFORM_DESCRIPTOR',
  spec: { document: 'USB 3.2', section: '9.6.2.4' },
  decode(reader) {
    const following = decodeHeader(reader, capability(DeviceCapabilityType.PLATFORM), 1 + UUID_SIZE);
    const bReserved = reader.u8('bReserved');
    const platformCapabilityUUID = reader.take(UUID_SIZE, 'PlatformCapabilityUUID');
    const capabilityData = reader.take(following - 1 - UUID_SIZE, 'CapabilityData');
    return { name: 'PLATFORM_DESCRIPTOR', bReserved, platformCapabilityUUID, capabilityData };
  },
  write(out, value) {
    const start = beginDescriptor(out, capability(DeviceCapabilityType.PLATFORM));
    out.u8(value.bReserved, 'bReserved');
    out.append(checkUuid(value.platformCapabilityUUID, 'PLATFORM_DESCRIPTOR.PlatformCapabilityUUID'));
    out.append(value.capabilityData);
    endDescriptor(out, value.name, start);
  },
});

function checkUuid(uuid: Uint8Array, path: string): Uint8Array {
  if (uuid.byteLength !== UUID_SIZE) throw new UsageError(`${path}: ${uuid.byteLength} bytes, ${UUID_SIZE} expected`);
  return uuid;
}

/** A device capability that has no codec here, [USB 3.2] 9.6.2. */
export interface UnknownDeviceCapabilityDescriptor {
  readonly name: 'UNKNOWN_DEVICE_CAPABILITY_DESCRIPTOR';
  readonly bDevCapabilityType: number;
  readonly data: Uint8Array;
}

export const UnknownDeviceCapabilityDescriptor = codec<UnknownDeviceCapabilityDescriptor>({
  name: 'UNKNOWN_DEVICE_CAPABILITY_DESCRIPTOR',
  spec: { document: 'USB 3.2', section: '9.6.2' },
  decode(reader) {
    const following = decodeHeader(reader, { descriptorType: DescriptorType.DEVICE_CAPABILITY }, 1);
    const bDevCapabilityType = reader.u8('bDevCapabilityType');
    const data = reader.take(following - 1, 'data');
    return { name: 'UNKNOWN_DEVICE_CAPABILITY_DESCRIPTOR', bDevCapabilityType, data };
  },
  write(out, value) {
    const start = beginDescriptor(out, capability(value.bDevCapabilityType));
    out.append(value.data);
    endDescriptor(out, value.name, start);
  },
});

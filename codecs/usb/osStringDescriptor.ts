/** Where a device tells the vendor codes of its Microsoft OS descriptors. */
import { BOS_HEADER_SIZE, DeviceCapabilityType } from './bosDescriptor.ts';
import { DescriptorType } from './descriptorHeader.ts';

/** Index of the Microsoft OS string descriptor, [MS-OSDESC] "OS String Descriptor". */
export const OS_STRING_INDEX = 0xee;
/** bLength of the Microsoft OS string descriptor. */
export const OS_STRING_SIZE = 18;

/** `MSFT100` in UTF-16, from offset 2 on. */
const SIGNATURE = [0x4d, 0, 0x53, 0, 0x46, 0, 0x54, 0, 0x31, 0, 0x30, 0, 0x30, 0];
const VENDOR_CODE_OFFSET = 16;

/** bMS_VendorCode of string descriptor 0xEE; undefined for bytes that are no Microsoft OS string descriptor. */
export function osVendorCode(osString: Uint8Array): number | undefined {
  const isSigned = SIGNATURE.every((byte, index) => osString[2 + index] === byte);
  return isSigned && osString[1] === DescriptorType.STRING ? osString[VENDOR_CODE_OFFSET] : undefined;
}

const UUID_OFFSET = 4;
/** D8DD60DF-4589-4CC7-9CD2-659D9E648A9F, as it is on the wire. */
const MS_OS_20_UUID = [
  ...[0xdf, 0x60, 0xdd, 0xd8, 0x89, 0x45, 0xc7, 0x4c],
  ...[0x9c, 0xd2, 0x65, 0x9d, 0x9e, 0x64, 0x8a, 0x9f],
];
/** After the UUID: a descriptor set information of 8 bytes for each Windows version, its vendor code at 6. */
const SETS_OFFSET = UUID_OFFSET + MS_OS_20_UUID.length;
const SET_SIZE = 8;
const SET_VENDOR_CODE_OFFSET = 6;

/** bMS_VendorCode of each MS OS 2.0 descriptor set that a BOS descriptor ([USB 3.2] 9.6.2.4) tells of. */
export function os20VendorCodes(bos: Uint8Array): readonly number[] {
  const codes: number[] = [];
  for (let start = BOS_HEADER_SIZE, length = bos[start] ?? 0; length > 0; start += length, length = bos[start] ?? 0) {
    const capability = bos.subarray(start, start + length);
    const isPlatform =
      capability[1] === DescriptorType.DEVICE_CAPABILITY && capability[2] === DeviceCapabilityType.PLATFORM;
    if (!isPlatform || !MS_OS_20_UUID.every((byte, index) => capability[UUID_OFFSET + index] === byte)) continue;
    for (let set = SETS_OFFSET; set + SET_SIZE <= capability.byteLength; set += SET_SIZE) {
      codes.push(capability[set + SET_VENDOR_CODE_OFFSET] ?? 0);
    }
  }
  return codes;
}

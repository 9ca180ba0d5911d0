import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { os20VendorCodes, OS_STRING_INDEX, osVendorCode } from '../../codecs/usb/osStringDescriptor.ts';
import { RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';

/** wIndex of the vendor request: extended compat id, extended properties, MS OS 2.0 descriptor set. */
const DESCRIPTOR_INDEXES: readonly number[] = [4, 5, 7];
/** One extended property set for each of 32 interfaces, and what a device has once. */
const MOST_COPIES = 40;

interface Copy {
  readonly data: Uint8Array;
  /** The device had no more to give: it answered less than was asked for. */
  readonly isWhole: boolean;
}

/**
 * The Microsoft OS descriptors that a device has given: string 0xEE, extended compat id, extended properties, and the
 * MS OS 2.0 descriptor set. They choose drivers on Windows, so a device must not give one host two answers: the first
 * answer stands.
 */
export class OsDescriptors {
  readonly #copies = new Map<string, Copy>();
  readonly #vendorCodes = new Set<number>();

  /** The vendor codes of a BOS descriptor. */
  learnBos(bos: Uint8Array): void {
    for (const code of os20VendorCodes(bos)) this.#vendorCodes.add(code);
  }

  /** Whether `setup` reads a Microsoft OS descriptor. */
  has(setup: SetupPacket): boolean {
    return isOsString(setup) || this.#isFeature(setup);
  }

  /** The answer that stands; undefined where the device must be asked. */
  copy(setup: SetupPacket): Uint8Array | undefined {
    const copy = this.#copies.get(keyOf(setup));
    if (copy === undefined || (!copy.isWhole && setup.wLength > copy.data.byteLength)) return undefined;
    return copy.data.slice(0, setup.wLength);
  }

  /** Keeps what the device answered. Returns false when it contradicts what it answered before. */
  keep(setup: SetupPacket, data: Uint8Array): boolean {
    const key = keyOf(setup);
    const before = this.#copies.get(key);
    if (before?.data.some((byte, index) => index >= data.byteLength || byte !== data[index])) return false;
    if (before === undefined && this.#copies.size >= MOST_COPIES) return true;
    this.#copies.set(key, { data: Uint8Array.from(data), isWhole: data.byteLength < setup.wLength });
    const vendorCode = isOsString(setup) ? osVendorCode(data) : undefined;
    if (vendorCode !== undefined) this.#vendorCodes.add(vendorCode);
    return true;
  }

  #isFeature({ bmRequestType, bRequest, wIndex }: SetupPacket): boolean {
    const isVendorIn = (bmRequestType & ~RequestType.recipientMask) === (RequestType.directionIn | RequestType.vendor);
    return isVendorIn && this.#vendorCodes.has(bRequest) && DESCRIPTOR_INDEXES.includes(wIndex & 0xff);
  }
}

function isOsString({ bmRequestType, bRequest, wValue }: SetupPacket): boolean {
  const isGetDescriptor = bRequest === StandardRequest.GET_DESCRIPTOR;
  const isRead = (bmRequestType & ~RequestType.recipientMask) === (RequestType.directionIn | RequestType.standard);
  return isRead && isGetDescriptor && wValue === ((DescriptorType.STRING << 8) | OS_STRING_INDEX);
}

/** The string is one in every language and for every recipient. */
function keyOf(setup: SetupPacket): string {
  if (isOsString(setup)) return 'string';
  const { bmRequestType, bRequest, wValue, wIndex } = setup;
  return [bmRequestType, bRequest, wValue, wIndex].join(' ');
}

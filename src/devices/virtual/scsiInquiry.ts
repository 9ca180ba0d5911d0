/** What INQUIRY answers, [SPC-4] 6.4 and 7.8. */

/** How a disk introduces itself; longer texts are cut. */
export interface DiskIdentification {
  /** At most 8 ASCII characters. */
  readonly vendor: string;
  /** At most 16 ASCII characters. */
  readonly product: string;
  /** At most 4 ASCII characters. */
  readonly revision: string;
  readonly serialNumber: string;
  readonly removable: boolean;
}

const REMOVABLE = 0x80;
const VERSION_SPC_3 = 0x05;
const RESPONSE_DATA_FORMAT = 2;
const STANDARD_SIZE = 36;

/** 36 bytes, [SPC-4] 6.4.2. */
export function standardInquiry(disk: DiskIdentification): Uint8Array {
  const head = [0, disk.removable ? REMOVABLE : 0, VERSION_SPC_3, RESPONSE_DATA_FORMAT, STANDARD_SIZE - 5, 0, 0, 0];
  return Uint8Array.from([...head, ...ascii(disk.vendor, 8), ...ascii(disk.product, 16), ...ascii(disk.revision, 4)]);
}

/** A page of vital product data, [SPC-4] 7.8; undefined: no such page. */
export function vitalProductData(pageCode: number, disk: DiskIdentification): Uint8Array | undefined {
  switch (pageCode) {
    case 0x00:
      return page(pageCode, [0x00, 0x80, 0x83]);
    case 0x80:
      return page(pageCode, ascii(disk.serialNumber, disk.serialNumber.length));
    case 0x83:
      return page(pageCode, designator(disk));
    default:
      return undefined;
  }
}

/** Of type T10 vendor ID, in ASCII, for the logical unit, [SPC-4] 7.8.6.4. */
function designator(disk: DiskIdentification): number[] {
  const { vendor, product, serialNumber } = disk;
  const text = [...ascii(vendor, 8), ...ascii(product, 16), ...ascii(serialNumber, Math.min(serialNumber.length, 64))];
  return [0x02, 0x01, 0, text.length, ...text];
}

function page(pageCode: number, body: readonly number[]): Uint8Array {
  return Uint8Array.of(0, pageCode, body.length >> 8, body.length & 0xff, ...body);
}

/** Exactly `size` characters, filled with spaces; what is not printable ASCII becomes `?`. */
function ascii(text: string, size: number): number[] {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return Array.from({ length: size }, (_, index) => (index < printable.length ? printable.charCodeAt(index) : 0x20));
}

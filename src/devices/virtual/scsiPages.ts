/** Answers to INQUIRY and MODE SENSE, [SPC-4] 6.4, 6.11, 7.5 and 7.8. */
import { encodeInquiry, paddedAscii } from '../../../codecs/usb/scsi.ts';

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

/** 36 bytes, [SPC-4] 6.4.2. */
export function standardInquiry(disk: DiskIdentification): Uint8Array {
  return encodeInquiry({ deviceType: 0, ...disk });
}

/** A page of vital product data, [SPC-4] 7.8; undefined: no such page. */
export function vitalProductData(pageCode: number, disk: DiskIdentification): Uint8Array | undefined {
  switch (pageCode) {
    case 0x00:
      return page(pageCode, [0x00, 0x80, 0x83]);
    case 0x80:
      return page(pageCode, paddedAscii(disk.serialNumber, disk.serialNumber.length));
    case 0x83:
      return page(pageCode, designator(disk));
    default:
      return undefined;
  }
}

/** Of type T10 vendor ID, in ASCII, for the logical unit, [SPC-4] 7.8.6.4. */
function designator(disk: DiskIdentification): number[] {
  const { vendor, product, serialNumber } = disk;
  const text = [
    ...paddedAscii(vendor, 8),
    ...paddedAscii(product, 16),
    ...paddedAscii(serialNumber, Math.min(serialNumber.length, 64)),
  ];
  return [0x02, 0x01, 0, text.length, ...text];
}

function page(pageCode: number, body: readonly number[]): Uint8Array {
  return Uint8Array.of(0, pageCode, body.length >> 8, body.length & 0xff, ...body);
}

const WRITE_PROTECT = 0x80;
const CACHING_PAGE = 0x08;
const ALL_PAGES = 0x3f;
const WRITE_CACHE_ENABLE = 0x04;

/** PC, [SPC-4] table 178. */
export const PageControl = { current: 0, changeable: 1, defaults: 2, saved: 3 } as const;

export interface ModeRequest {
  /** 6 or 10: the size of the header depends on it. */
  readonly command: 6 | 10;
  readonly pageCode: number;
  readonly subpageCode: number;
  readonly pageControl: number;
}

/** Mode parameters without block descriptors; undefined: no such page. */
export function modeParameters(request: ModeRequest, readOnly: boolean): Uint8Array | undefined {
  const pages = modePages(request, readOnly);
  if (pages === undefined) return undefined;
  const protection = readOnly ? WRITE_PROTECT : 0;
  if (request.command === 6) return Uint8Array.of(3 + pages.length, 0, protection, 0, ...pages);
  return Uint8Array.of(0, 6 + pages.length, 0, protection, 0, 0, 0, 0, ...pages);
}

function modePages({ pageCode, subpageCode, pageControl }: ModeRequest, readOnly: boolean): number[] | undefined {
  const isAllSubpages = subpageCode === 0xff;
  if (pageCode !== CACHING_PAGE && pageCode !== ALL_PAGES) return undefined;
  if (subpageCode !== 0 && !isAllSubpages) return undefined;
  // Nothing can be changed, so the page of changeable parameters is all zeros.
  const isValue = pageControl !== PageControl.changeable;
  // Blocks may stay in a file's cache until SYNCHRONIZE CACHE, so hosts have to know of it.
  const caching = isValue && !readOnly ? WRITE_CACHE_ENABLE : 0;
  return [CACHING_PAGE, 0x12, caching, ...Array.from({ length: 17 }, () => 0)];
}

/** What MODE SENSE answers, [SPC-4] 6.11 and 7.5. */

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

import { fromHex } from '../../../codecs/core/json.ts';

/** The device that the suite redirects: a bulk loop-back. */
export const DEVICE_DESCRIPTOR = fromHex('12 01 0002 ff 00 00 40 0912 0f00 0100 00 00 00 01');

/** One interface with {@link BULK_OUT} and {@link BULK_IN}. */
export const CONFIGURATION_DESCRIPTOR = fromHex(
  '09 02 2000 01 01 00 80 32  09 04 00 00 02 ff 00 00 00  07 05 02 02 0002 00  07 05 82 02 0002 00',
);

export const BULK_OUT = 0x02;
export const BULK_IN = 0x82;

/** Microsoft's OS string descriptor, which ends with the vendor code. */
export const OS_STRING = fromHex('12 03 4d00 5300 4600 5400 3100 3000 3000 5a 00');

/** The extended compatible ids that it leads to: none. */
export const COMPATIBLE_IDS = fromHex('10000000 0001 0400 00 00000000000000');

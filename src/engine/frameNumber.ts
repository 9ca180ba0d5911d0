import type { Clock } from '../ports/clock.ts';

/** The bus's frame number: one a millisecond, 32 bits. The same counter answers QUERY_BUS_TIME, [MS-RDPEUSB] 2.2.13.1. */
export function frameNumber(clock: Clock): number {
  return Math.floor(clock.now()) >>> 0;
}

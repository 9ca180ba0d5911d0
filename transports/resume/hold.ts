import { UsageError } from '../../codecs/core/errors.ts';

/** Seconds. */
const LONGEST_HOLD = 300;

/** Seconds for which a session is held; 0 for one that is not. @throws UsageError for a number that makes no sense */
export function checkHold(hold = 0): number {
  if (Number.isInteger(hold) && hold >= 0 && hold <= LONGEST_HOLD) return hold;
  throw new UsageError(`hold: ${hold} is not a whole number of seconds from 0 to ${LONGEST_HOLD}`);
}

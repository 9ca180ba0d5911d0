/** The peer broke the requirement: what it did, and what it should have done, in one line. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** The requirement cannot be judged with this peer; the message says what would be needed. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** @throws CheckFailure with `problem` unless `holds` */
export function check(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new CheckFailure(problem);
}

/** @throws CheckFailure that tells both values */
export function checkEqual<T extends string | number | boolean | undefined>(
  actual: T,
  expected: T,
  what: string,
): void {
  if (actual !== expected)
    throw new CheckFailure(`${what} is ${formatValue(actual)}, must be ${formatValue(expected)}`);
}

/** @throws NotApplicable with `reason` unless `holds` */
export function need(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new NotApplicable(reason);
}

function formatValue(value: string | number | boolean | undefined): string {
  return typeof value === 'number' && value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
}

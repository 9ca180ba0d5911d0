/** The peer does not meet the requirement. The message tells in one line what it did and should have done. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure';
}

/** A step that many requirements build on failed, such as the opening of a channel. A run reports it once. */
export class PreconditionFailure extends CheckFailure {
  /** The step, as the object of "needs". */
  readonly precondition: string;

  constructor(precondition: string, problem: string) {
    super(problem);
    this.precondition = precondition;
  }
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

/**
 * Establishes a precondition of other checks.
 * @throws PreconditionFailure where `attempt` throws a CheckFailure
 */
export async function establish<T>(precondition: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof CheckFailure) || error instanceof PreconditionFailure) throw error;
    throw new PreconditionFailure(precondition, error.message);
  }
}

function formatValue(value: string | number | boolean | undefined): string {
  return typeof value === 'number' && value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
}

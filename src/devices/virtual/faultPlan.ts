import type { UsbOperation } from '../../ports/usb.ts';
import type { FaultRule, FaultScript } from './faultScript.ts';

interface Counted {
  readonly rule: FaultRule;
  /** Operations for which the rule's conditions held. */
  seen: number;
  used: number;
}

/** Goes through a script, operation by operation. The same script, seed and operations give the same faults. */
export class FaultPlan {
  readonly #rules: readonly Counted[];
  #random: number;

  constructor(script: FaultScript, seed: number) {
    this.#rules = script.map((rule) => ({ rule, seen: 0, used: 0 }));
    // The generator stays at 0 for ever if it starts there.
    this.#random = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** The rule that applies to this operation, if any. Each operation is to be asked for once. */
  next(operation: UsbOperation): FaultRule | undefined {
    let chosen: Counted | undefined;
    for (const counted of this.#rules) {
      if (!concerns(counted.rule, operation)) continue;
      counted.seen += 1;
      // Every rule counts and draws, whichever is taken, so that rules do not disturb each other.
      if (this.#isChosen(counted)) chosen ??= counted;
    }
    if (chosen !== undefined) chosen.used += 1;
    return chosen?.rule;
  }

  #isChosen({ rule, seen, used }: Counted): boolean {
    const { nth, every, probability, times = Infinity } = rule;
    const isDrawn = probability === undefined || this.#draw() < probability;
    const isCounted = (nth === undefined || seen === nth) && (every === undefined || seen % every === 0);
    return isDrawn && isCounted && used < times;
  }

  /** From 0 to below 1: a 32-bit xorshift generator, which is good enough to decide whether a transfer fails. */
  #draw(): number {
    let state = this.#random;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#random = state >>> 0;
    return this.#random / 2 ** 32;
  }
}

function concerns({ operation: type, endpointAddress, bRequest }: FaultRule, operation: UsbOperation): boolean {
  if (type !== undefined && type !== operation.type) return false;
  if (endpointAddress !== undefined && endpointAddress !== endpointOf(operation)) return false;
  return bRequest === undefined || (operation.type === 'control' && operation.setup.bRequest === bRequest);
}

function endpointOf(operation: UsbOperation): number | undefined {
  return 'endpointAddress' in operation ? operation.endpointAddress : undefined;
}

import { UsageError } from '../../../codecs/core/errors.ts';
import type { UsbOperation, UsbStatus } from '../../ports/usb.ts';

/** A fault of one operation. Lengths are bytes. */
export type Fault =
  /** Ends it as `stalled`; a bulk or interrupt endpoint is halted until the host clears that. The device sees nothing. */
  | { readonly type: 'stall' }
  /** Ends it with this status, such as `overflowed` or `timedOut`. The device sees nothing. */
  | { readonly type: 'fail'; readonly status: UsbStatus }
  /** IN: no more than so many bytes arrive, of each packet if it is isochronous. OUT: no more than so many are sent. */
  | { readonly type: 'short'; readonly length: number }
  /**
   * This many bytes (0xff) more than the host asked for, and yet `completed`, as a broken driver or host does. Operations
   * that move no data, and those that fail anyway, stay as they are.
   */
  | { readonly type: 'babble'; readonly extra: number }
  /** The device is not ready for this long. Later transfers of the same endpoint wait for it. */
  | { readonly type: 'delay'; readonly milliseconds: number }
  /**
   * The device is not ready for ever: pending until it is cancelled, as is what follows on the same endpoint. A control
   * request is given up after its timeout if there is a clock, and holds up no other.
   */
  | { readonly type: 'hang' }
  /** Isochronous: every so-manieth packet is lost, as `failed` with no bytes. */
  | { readonly type: 'losePackets'; readonly every: number }
  /** The device is pulled out: this operation and all that are pending end as `disconnected`. */
  | { readonly type: 'unplug' };

/**
 * Which operations have a fault. All conditions must hold; those left out do. Of `nth`, `every` and `probability` one may
 * be given: they choose among the operations for which the other conditions hold, which each rule counts for itself.
 */
export interface FaultRule {
  /** What happens to the operations that the rule matches. */
  readonly fault: Fault;
  /** Default: any. */
  readonly operation?: UsbOperation['type'];
  /** bEndpointAddress. Control requests have none, even if they are about an endpoint. */
  readonly endpointAddress?: number;
  /** Of control requests. */
  readonly bRequest?: number;
  /** Only this one; the first is 1. */
  readonly nth?: number;
  /** Each so-manieth. */
  readonly every?: number;
  /** From 0 to 1: each as chance has it, the same chance for the same seed. */
  readonly probability?: number;
  /** At most so many times. Default: without end. */
  readonly times?: number;
}

/** Plain data, so that it can be written as JSON. For each operation the first rule that applies is taken. */
export type FaultScript = readonly FaultRule[];

/** @throws UsageError that says which rule is wrong, and how. */
export function checkFaultScript(script: FaultScript, hasClock: boolean): void {
  for (const [index, rule] of script.entries()) {
    const problem = problemOf(rule, hasClock);
    if (problem !== undefined) throw new UsageError(`fault rule ${index + 1} (${rule.fault.type}): ${problem}`);
  }
}

function problemOf({ fault, nth, every, probability, times }: FaultRule, hasClock: boolean): string | undefined {
  const choices = [nth, every, probability].filter((each) => each !== undefined);
  if (choices.length > 1) return 'give one of nth, every and probability';
  for (const [name, value] of Object.entries({ nth, every, times })) {
    if (value !== undefined && !isCount(value, 1)) return `${name} ${value}: give an integer from 1`;
  }
  if (probability !== undefined && !(probability >= 0 && probability <= 1)) {
    return `probability ${probability}: give a number from 0 to 1`;
  }
  switch (fault.type) {
    case 'short':
      return isCount(fault.length, 0) ? undefined : `length ${fault.length}: give an integer from 0`;
    case 'babble':
      return isCount(fault.extra, 1) ? undefined : `extra ${fault.extra}: give an integer from 1`;
    case 'losePackets':
      return isCount(fault.every, 1) ? undefined : `every ${fault.every}: give an integer from 1`;
    case 'delay':
      if (!hasClock) return 'there is no clock to wait by: give one';
      return fault.milliseconds >= 0 ? undefined : `milliseconds ${fault.milliseconds}: give a number from 0`;
    case 'stall':
    case 'fail':
    case 'hang':
    case 'unplug':
      return undefined;
  }
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

import type { Clock } from '../../ports/clock.ts';
import type { UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, resultOf } from '../../usb/results.ts';
import type { Fault } from './faultScript.ts';
import { PendingTransfer } from './pendingTransfer.ts';

/** An operation that has no result yet. */
export class HeldOperation {
  readonly operation: UsbOperation;
  readonly fault: Fault | undefined;
  /** Once the device has it. */
  transfer: UsbTransfer | undefined;
  isCancelled = false;
  readonly #pending: PendingTransfer;
  #whenEnded: (() => void) | undefined;
  #hasEnded = false;

  constructor(operation: UsbOperation, fault: Fault | undefined, complete: Complete) {
    this.operation = operation;
    this.fault = fault;
    this.#pending = new PendingTransfer(complete);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(result: UsbResult): void {
    const whenEnded = this.#whenEnded;
    this.#whenEnded = undefined;
    this.#hasEnded = true;
    this.#pending.end(result);
    whenEnded?.();
  }

  /** Called once its result is given; undefined takes that back. */
  onEnd(callback: (() => void) | undefined): void {
    this.#whenEnded = callback;
  }
}

/**
 * Holds operations for which the device is not ready, and what follows them on the same endpoint, in order. What is not
 * about an endpoint's data passes by.
 */
export class EndpointLanes {
  readonly #clock: Clock | undefined;
  readonly #forward: (held: HeldOperation) => void;
  /** By endpoint; there while something is held or waits to follow. */
  readonly #lanes = new Map<number, HeldOperation[]>();
  /** Held operations that are in no lane: control requests and the like. */
  readonly #alone = new Set<HeldOperation>();

  constructor(clock: Clock | undefined, forward: (held: HeldOperation) => void) {
    this.#clock = clock;
    this.#forward = forward;
  }

  enter(held: HeldOperation): void {
    const endpointAddress = dataEndpoint(held.operation);
    const lane = endpointAddress === undefined ? undefined : this.#lanes.get(endpointAddress);
    if (lane !== undefined) {
      lane.push(held);
    } else if (!isHolding(held.fault)) {
      this.#forward(held);
    } else if (endpointAddress !== undefined) {
      const opened = [held];
      this.#lanes.set(endpointAddress, opened);
      this.#advance(endpointAddress, opened);
    } else {
      this.#alone.add(held);
      this.#hold(held, () => this.#alone.delete(held));
    }
  }

  cancel(held: HeldOperation): void {
    if (held.hasEnded) return;
    held.isCancelled = true;
    const lane = this.#laneOf(held);
    const index = lane?.indexOf(held) ?? -1;
    if (held.transfer !== undefined) held.transfer.cancel();
    else if (index === 0 || this.#alone.has(held)) held.end(resultOf('cancelled'));
    else if (index > 0) {
      lane?.splice(index, 1);
      held.end(resultOf('cancelled'));
    }
  }

  /** Ends what is held at this endpoint. */
  end(endpointAddress: number, status: UsbStatus): void {
    const lane = this.#lanes.get(endpointAddress);
    this.#lanes.delete(endpointAddress);
    for (const held of lane?.splice(0) ?? []) held.end(resultOf(status));
  }

  endAll(status: UsbStatus): void {
    for (const endpointAddress of [...this.#lanes.keys()]) this.end(endpointAddress, status);
    for (const held of [...this.#alone]) held.end(resultOf(status));
  }

  #laneOf({ operation }: HeldOperation): HeldOperation[] | undefined {
    const endpointAddress = dataEndpoint(operation);
    return endpointAddress === undefined ? undefined : this.#lanes.get(endpointAddress);
  }

  /** Lets go on what is at the front of a lane, up to one that is to be held. */
  #advance(endpointAddress: number, lane: HeldOperation[]): void {
    for (;;) {
      const [held] = lane;
      if (held === undefined) break;
      if (isHolding(held.fault)) {
        this.#hold(
          held,
          () => lane.shift(),
          () => this.#advance(endpointAddress, lane),
        );
        return;
      }
      lane.shift();
      this.#forward(held);
    }
    if (this.#lanes.get(endpointAddress) === lane) this.#lanes.delete(endpointAddress);
  }

  /** `release` is called when it is held no more, and `next` when that has had its effect. */
  #hold(held: HeldOperation, release: () => void, next: () => void = () => {}): void {
    const { operation, fault } = held;
    const giveUp = operation.type === 'control' && operation.timeout > 0 ? operation.timeout : undefined;
    const wait = fault?.type === 'delay' ? fault.milliseconds : giveUp;
    const elapsed = () => {
      if (fault?.type !== 'delay') {
        held.end(resultOf('timedOut'));
        return;
      }
      held.onEnd(undefined);
      release();
      this.#forward(held);
      next();
    };
    const stop = wait === undefined ? undefined : this.#clock?.after(wait, elapsed);
    held.onEnd(() => {
      stop?.();
      release();
      next();
    });
  }
}

function isHolding(fault: Fault | undefined): boolean {
  return fault?.type === 'delay' || fault?.type === 'hang';
}

/** The endpoint whose data an operation moves. */
function dataEndpoint(operation: UsbOperation): number | undefined {
  switch (operation.type) {
    case 'transferIn':
    case 'transferOut':
    case 'isochronousIn':
    case 'isochronousOut':
      return operation.endpointAddress;
    case 'control':
    case 'setConfiguration':
    case 'setInterface':
    case 'clearHalt':
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'resetDevice':
    case 'cyclePort':
    case 'queryBus':
      return undefined;
  }
}

import type { UsbResult, UsbStatus } from '../../ports/usb.ts';
import { withOwnData } from '../ownData.ts';
import { resultOf } from '../results.ts';
import {
  ActionList,
  type DropCause,
  type EndpointMachine,
  type HostRequest,
  type OverlapAction,
  type ReadOperation,
  type Sent,
  type WriteOperation,
} from './overlapAction.ts';

interface Outstanding extends Sent {
  readonly operation: WriteOperation;
  readonly request: HostRequest;
  /** Its data are a copy: the host's may change once it is acknowledged. */
  readonly isOwn: boolean;
  /** The host has been told that it succeeded. */
  isAnswered: boolean;
}

/**
 * Writes to one OUT endpoint of a stream of bytes. They are acknowledged when they are sent, as long as no more than a
 * window of bytes is under way, so that a distance delays them but does not slow them down. A failure that comes after
 * its write was acknowledged is the result of the next write, which is not sent.
 */
export class StreamWrites implements EndpointMachine {
  readonly #window: () => number;
  readonly #actions = new ActionList();
  readonly #outstanding = new Map<Sent, Outstanding>();
  #failure: UsbStatus | undefined;
  #isDropping = false;

  /** @param window - bytes that may be acknowledged and not written; 0: none */
  constructor(window: () => number) {
    this.#window = window;
  }

  get isWriting(): boolean {
    return [...this.#outstanding.values()].some(({ isAnswered }) => isAnswered);
  }

  holdsBack(): boolean {
    return this.#isDropping;
  }

  prepare(): OverlapAction[] {
    return [];
  }

  transfer(request: HostRequest, operation: ReadOperation | WriteOperation): OverlapAction[] {
    if (operation.type === 'transferIn') return [];
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      this.#actions.complete(request, resultOf(failure));
      return this.#actions.take();
    }
    const isOwn = operation.data.byteLength <= this.#window();
    const sent = isOwn ? withOwnData(operation) : operation;
    const outstanding: Outstanding = { operation: sent, request, isOwn, isAnswered: false };
    this.#outstanding.set(this.#actions.submit(outstanding), outstanding);
    this.#answer();
    return this.#actions.take();
  }

  cancel(request: HostRequest): OverlapAction[] {
    for (const each of this.#outstanding.values()) {
      if (each.request === request && !each.isAnswered) this.#actions.cancel(each);
    }
    return this.#actions.take();
  }

  /** After a reset what is under way is not wanted, and an old failure is no news. A cleared halt is for what comes. */
  drop(cause: DropCause): OverlapAction[] {
    if (cause === 'clearHalt') return [];
    this.#isDropping = this.#outstanding.size > 0;
    for (const each of this.#outstanding.values()) this.#actions.cancel(each);
    this.#failure = undefined;
    return this.#actions.take();
  }

  ended(sent: Sent, result: UsbResult): OverlapAction[] {
    const outstanding = this.#outstanding.get(sent);
    this.#outstanding.delete(sent);
    if (outstanding !== undefined && !outstanding.isAnswered) this.#actions.complete(outstanding.request, result);
    else if (result.status !== 'completed' && !this.#isDropping) this.#failure ??= result.status;
    if (this.#outstanding.size === 0) this.#isDropping = false;
    this.#answer();
    return this.#actions.take();
  }

  /** Acknowledges the oldest ones, as far as the window goes. Behind a failure nothing is acknowledged. */
  #answer(): void {
    const window = this.#window();
    let bytes = 0;
    for (const each of this.#outstanding.values()) {
      const { byteLength } = each.operation.data;
      bytes += byteLength;
      if (bytes > window || !each.isOwn || this.#failure !== undefined) return;
      if (each.isAnswered) continue;
      each.isAnswered = true;
      this.#actions.complete(each.request, resultOf('completed', undefined, byteLength));
    }
  }
}

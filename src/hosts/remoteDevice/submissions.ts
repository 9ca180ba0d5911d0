import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { webUsbError } from './webUsbError.ts';

/** An operation that was submitted and has not completed. */
interface Submission {
  readonly operation: UsbOperation;
  transfer: UsbTransfer | undefined;
  /** Set when somebody asked for an early end: what the promise rejects with if it comes to that. */
  aborted: { readonly reason: unknown } | undefined;
  settle(outcome: UsbResult | { readonly reason: unknown }): void;
  /** Called after the promise is settled. */
  readonly waiting: (() => void)[];
}

/** The one listener on a signal, whatever the number of operations that it may cancel: Node warns from 11 on. */
interface Watch {
  readonly submissions: Set<Submission>;
  readonly listener: () => void;
}

/**
 * Operations as promises that can be cancelled. A cancelled operation settles only when the device has let go of it,
 * and when it turns out to have ended by itself before, that outcome counts: no received data is lost.
 */
export class Submissions {
  readonly #device: UsbDevice;
  readonly #pending = new Set<Submission>();
  readonly #watched = new Map<AbortSignal, Watch>();

  constructor(device: UsbDevice) {
    this.#device = device;
  }

  /**
   * Submits before it returns, so that calls reach the device in order.
   * @throws the signal's reason when that cancelled the operation, the reason of {@link abort}, or NetworkError.
   */
  run(operation: UsbOperation, signal?: AbortSignal): Promise<UsbResult> {
    if (signal?.aborted === true) return rejected(signal.reason);
    return new Promise((resolve, reject) => {
      const submission: Submission = {
        operation,
        transfer: undefined,
        aborted: undefined,
        waiting: [],
        settle: (outcome) => {
          if (!this.#pending.delete(submission)) return;
          if (signal !== undefined) this.#unwatch(signal, submission);
          // The reason is whatever the caller gave to AbortController.abort.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          if ('reason' in outcome) reject(outcome.reason);
          else resolve(outcome);
          for (const notify of submission.waiting) notify();
        },
      };
      this.#pending.add(submission);
      if (signal !== undefined) this.#watch(signal, submission);
      try {
        const transfer = this.#device.submit(operation, (result) => {
          submission.settle(isCutShort(result) && submission.aborted !== undefined ? submission.aborted : result);
        });
        submission.transfer = transfer;
        if (submission.aborted !== undefined && this.#pending.has(submission)) transfer.cancel();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        submission.settle({ reason: webUsbError('NetworkError', `the device refused the operation: ${why}`, error) });
      }
    });
  }

  /** Cancels the operations that match; resolves when all of them have settled. */
  async abort(matches: (operation: UsbOperation) => boolean, reason: DOMException): Promise<void> {
    const settled: Promise<void>[] = [];
    for (const submission of [...this.#pending]) {
      if (!matches(submission.operation)) continue;
      settled.push(new Promise((resolve) => submission.waiting.push(resolve)));
      cancel(submission, reason);
    }
    await Promise.all(settled);
  }

  /** Rejects what is still pending: for a device that is closed and will complete nothing any more. */
  drop(reason: DOMException): void {
    for (const submission of [...this.#pending]) submission.settle(submission.aborted ?? { reason });
  }

  #watch(signal: AbortSignal, submission: Submission): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.submissions.add(submission);
      return;
    }
    const submissions = new Set([submission]);
    const listener = () => {
      for (const each of [...submissions]) cancel(each, signal.reason);
    };
    this.#watched.set(signal, { submissions, listener });
    signal.addEventListener('abort', listener);
  }

  #unwatch(signal: AbortSignal, submission: Submission): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.submissions.delete(submission);
    if (watched.submissions.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener('abort', watched.listener);
  }
}

function cancel(submission: Submission, reason: unknown): void {
  if (submission.aborted !== undefined) return;
  submission.aborted = { reason };
  submission.transfer?.cancel();
}

/** Whether the operation has no outcome of its own that its caller must see. */
function isCutShort({ status }: UsbResult): boolean {
  return status !== 'completed' && status !== 'stalled' && status !== 'overflowed';
}

function rejected(reason: unknown): Promise<never> {
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  return Promise.reject(reason);
}

import type { UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';

/** Called once, with what became of an operation. */
export type Complete = (result: UsbResult) => void;

const NOTHING = new Uint8Array(0);

/** The result of an operation that moved no bytes. */
export function without(status: UsbStatus): UsbResult {
  return { status, data: NOTHING, transferred: 0 };
}

/** An operation that has its result already. */
export function ended(result: UsbResult, complete: Complete): UsbTransfer {
  complete(result);
  return { cancel: () => {} };
}

/** A transfer that an endpoint keeps; whoever ends it first decides how, later ends do nothing. */
export class PendingTransfer {
  readonly #complete: Complete;
  #ended = false;

  constructor(complete: Complete) {
    this.#complete = complete;
  }

  end(result: UsbResult): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#complete(result);
  }
}

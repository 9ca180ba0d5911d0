import type { UsbResult } from '../../ports/usb.ts';
import type { Complete } from '../../usb/results.ts';

/** A transfer that an endpoint keeps. The first call of `end` decides how it ends; later ones do nothing. */
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

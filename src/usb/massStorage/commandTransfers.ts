import type { BulkOnlyInterface, InResult, OutResult, StorageDevice } from './storageDevice.ts';

interface Transfer {
  readonly controller: AbortController;
  readonly promise: Promise<InResult | OutResult>;
}

/** The transfers of one command, which can be cancelled one by one and all together. */
export class CommandTransfers {
  readonly #device: StorageDevice;
  readonly #interface: BulkOnlyInterface;
  readonly #all: Transfer[] = [];
  #aborted: { readonly reason: unknown } | undefined;

  constructor(device: StorageDevice, where: BulkOnlyInterface) {
    this.#device = device;
    this.#interface = where;
  }

  /** Set once {@link abort} was called. */
  get aborted(): { readonly reason: unknown } | undefined {
    return this.#aborted;
  }

  in(length: number): Promise<InResult> {
    const controller = this.#controller();
    const { endpointIn } = this.#interface;
    const promise = this.#device.transferIn(endpointIn, length, { signal: controller.signal });
    this.#add({ controller, promise });
    return promise;
  }

  out(data: Uint8Array): Promise<OutResult> {
    const controller = this.#controller();
    const { endpointOut } = this.#interface;
    const promise = this.#device.transferOut(endpointOut, data, { signal: controller.signal });
    this.#add({ controller, promise });
    return promise;
  }

  /** Cancels one IN transfer; resolves with its result when it had one by then. */
  async cancel(promise: Promise<InResult> | undefined): Promise<InResult | undefined> {
    this.#all.find((transfer) => transfer.promise === promise)?.controller.abort();
    try {
      return await promise;
    } catch {
      return undefined;
    }
  }

  /** Cancels all transfers, also those to come. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    for (const { controller } of this.#all) controller.abort(reason);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#all.map((transfer) => transfer.promise));
  }

  #controller(): AbortController {
    const controller = new AbortController();
    if (this.#aborted !== undefined) controller.abort(this.#aborted.reason);
    return controller;
  }

  #add(transfer: Transfer): void {
    // The caller sees the error when it awaits the promise; until then it must not count as unhandled.
    transfer.promise.catch(() => {});
    this.#all.push(transfer);
  }
}

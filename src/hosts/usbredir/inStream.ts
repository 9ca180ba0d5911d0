import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';

/** Failures in a row after which a stream is given up: a device that only fails would keep the processor busy. */
const MAXIMUM_FAILURES = 16;

/** @see {@link InStream} */
export interface InStreamOptions {
  readonly device: UsbDevice;
  /** One transfer, again and again. */
  readonly operation: UsbOperation & { readonly endpointAddress: number };
  /** Transfers at the device at a time. */
  readonly count: number;
  /** Whether the guest takes so little that no transfer should begin; {@link InStream.refill} when it has changed. */
  readonly isHeldBack: () => boolean;
  /** Takes what came, in order. */
  readonly deliver: (result: UsbResult) => void;
  /** The device stalled, and the stream begins anew. */
  readonly restarted: () => void;
  /** It has ended by itself. */
  readonly ended: () => void;
}

/**
 * Reads an endpoint for the guest without being asked each time: a number of transfers is at the device, and each that
 * ends makes room for the next. A stall is cleared, and reading begins anew.
 */
export class InStream {
  readonly #options: InStreamOptions;
  readonly #transfers = new Set<UsbTransfer>();
  #state: 'running' | 'clearing' | 'over' = 'running';
  /** Changes with every stall: what was begun before it means nothing. */
  #generation = 0;
  #inFlight = 0;
  #failures = 0;
  #isFilling = false;
  #isScheduled = false;

  constructor(options: InStreamOptions) {
    this.#options = options;
  }

  /** Begins transfers, as many as there is room for. */
  refill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const { count, isHeldBack } = this.#options;
    // One that ends at once makes no room here, so that this comes to an end.
    for (let left = count; left > 0 && this.#state === 'running' && this.#inFlight < count; left -= 1) {
      if (isHeldBack()) break;
      this.#submit();
    }
    this.#isFilling = false;
  }

  /** Ends it. What is at the device is cancelled; nothing is delivered any more. */
  stop(): void {
    this.#state = 'over';
    this.#cancel();
  }

  #submit(): void {
    const { device, operation } = this.#options;
    const generation = this.#generation;
    this.#inFlight += 1;
    const begun: { transfer?: UsbTransfer; isOver: boolean } = { isOver: false };
    const transfer = device.submit(operation, (result) => {
      begun.isOver = true;
      if (begun.transfer !== undefined) this.#transfers.delete(begun.transfer);
      this.#inFlight -= 1;
      if (generation === this.#generation) this.#completed(result);
    });
    if (begun.isOver) return;
    begun.transfer = transfer;
    this.#transfers.add(transfer);
  }

  #completed(result: UsbResult): void {
    if (this.#state !== 'running') return;
    switch (result.status) {
      case 'stalled':
        this.#clearHalt();
        return;
      case 'cancelled':
      case 'disconnected':
        this.#end();
        return;
      default:
        this.#failures = result.status === 'completed' ? 0 : this.#failures + 1;
        this.#options.deliver(result);
        if (this.#failures >= MAXIMUM_FAILURES) this.#end();
        else if (this.#isFilling) this.#refillLater();
        else this.refill();
    }
  }

  /** A device that has data at once must not keep everything else waiting. */
  #refillLater(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.refill();
    });
  }

  #clearHalt(): void {
    const { device, operation, restarted } = this.#options;
    this.#state = 'clearing';
    this.#generation += 1;
    this.#failures += 1;
    this.#cancel();
    device.submit({ type: 'clearHalt', endpointAddress: operation.endpointAddress }, ({ status }) => {
      if (this.#state !== 'clearing') return;
      if (status !== 'completed' || this.#failures >= MAXIMUM_FAILURES) {
        this.#end();
        return;
      }
      this.#state = 'running';
      restarted();
      this.#refillLater();
    });
  }

  #end(): void {
    if (this.#state === 'over') return;
    this.stop();
    this.#options.ended();
  }

  #cancel(): void {
    for (const transfer of [...this.#transfers]) transfer.cancel();
  }
}

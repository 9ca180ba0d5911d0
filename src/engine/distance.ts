import type { FallBack, OverlapObserver } from '../usb/overlap/commandOverlap.ts';

/** How far away a client is, and how much of that its server's programs notice. */
export interface OverlapStatistics {
  /** Milliseconds to the client and back, as its fastest answers of late show; undefined before the first. */
  readonly roundTrip: number | undefined;
  /** SCSI commands of Bulk-Only mass storage. */
  readonly commands: number;
  /** Those of them that were acknowledged when they were sent. */
  readonly overlapped: number;
  /** How often a command was not overlapped, or not to its end, by reason. */
  readonly fallenBack: Readonly<Partial<Record<FallBack, number>>>;
}

/** Answers that are looked at: a fast one among them shows the way without what devices take. */
const SAMPLES = 16;

/** What a server knows about the way to one client. */
export class Distance implements OverlapObserver {
  readonly #samples: number[] = [];
  #commands = 0;
  #overlapped = 0;
  readonly #fallenBack: Partial<Record<FallBack, number>> = {};

  get statistics(): OverlapStatistics {
    const fallenBack = { ...this.#fallenBack };
    return { roundTrip: this.roundTrip, commands: this.#commands, overlapped: this.#overlapped, fallenBack };
  }

  /** Milliseconds. */
  get roundTrip(): number | undefined {
    return this.#samples.length === 0 ? undefined : Math.min(...this.#samples);
  }

  /** The answer to something that a device does at once took so many milliseconds. */
  answered(milliseconds: number): void {
    this.#samples.push(milliseconds);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  command(): void {
    this.#commands += 1;
  }

  overlapped(): void {
    this.#overlapped += 1;
  }

  fellBack(reason: FallBack): void {
    this.#fallenBack[reason] = (this.#fallenBack[reason] ?? 0) + 1;
  }
}

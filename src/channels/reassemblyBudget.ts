import { BufferPool } from '../../codecs/core/bufferPool.ts';

/** An unfinished message, as far as its memory goes. */
interface UnfinishedMessage {
  /** Bytes allocated for it. */
  readonly allocated: number;
  /** Lets go of its memory: nothing becomes of this message, for this reason. */
  drop(reason: string): void;
}

/**
 * Memory for unfinished messages that several connections share, those of a process for example. Beyond its maximum the
 * connection that has the most of it loses: the message that it wants memory for, or its largest one when another
 * connection needs memory. So a connection always gets its share: the maximum divided by the connections that use it.
 */
export class MessageMemory {
  /** Bytes. */
  readonly maximum: number;
  /** Of which messages are put together. Who is done with a message may give it back, and nobody has to. */
  readonly buffers: BufferPool;
  readonly #connections = new Set<ReassemblyBudget>();
  #used = 0;

  /**
   * @param maximum bytes
   * @param buffers Default: a pool of its own
   */
  constructor(maximum: number, buffers = new BufferPool()) {
    this.maximum = maximum;
    this.buffers = buffers;
  }

  /** Bytes reserved now. */
  get used(): number {
    return this.#used;
  }

  /** @internal False, and nothing reserved, when it would make this connection the one that has the most. */
  reserve(connection: ReassemblyBudget, bytes: number): boolean {
    while (this.#used + bytes > this.maximum) {
      const largest = this.#largestBeside(connection);
      if (largest === undefined || largest.used <= connection.used + bytes) return false;
      largest.dropLargest();
    }
    this.#used += bytes;
    this.#connections.add(connection);
    return true;
  }

  /** @internal */
  release(connection: ReassemblyBudget, bytes: number): void {
    this.#used -= bytes;
    if (connection.used === 0) this.#connections.delete(connection);
  }

  #largestBeside(connection: ReassemblyBudget): ReassemblyBudget | undefined {
    let largest: ReassemblyBudget | undefined;
    for (const each of this.#connections) {
      if (each !== connection && each.used > (largest?.used ?? 0)) largest = each;
    }
    return largest;
  }
}

/** The memory that the unfinished messages of all channels of one connection share. */
export class ReassemblyBudget {
  /** Of which messages are put together. */
  readonly buffers: BufferPool;
  readonly #maximum: number;
  readonly #shared: MessageMemory | undefined;
  readonly #messages = new Set<UnfinishedMessage>();
  #used = 0;

  /**
   * @param maximum bytes
   * @param shared with other connections; by default with none
   */
  constructor(maximum: number, shared?: MessageMemory) {
    this.#maximum = maximum;
    this.#shared = shared;
    this.buffers = shared?.buffers ?? new BufferPool();
  }

  /** Bytes reserved now. */
  get used(): number {
    return this.#used;
  }

  /** Reserves memory for a message, or more of it. Returns why not when that would be too much; then nothing is reserved. */
  reserve(message: UnfinishedMessage, bytes: number): string | undefined {
    if (this.#used + bytes > this.#maximum) {
      return `unfinished messages of all channels take ${this.#used} bytes already`;
    }
    if (this.#shared?.reserve(this, bytes) === false) return this.#hasMost();
    this.#used += bytes;
    this.#messages.add(message);
    return undefined;
  }

  /** Gives back all memory of a message. */
  release(message: UnfinishedMessage): void {
    if (!this.#messages.delete(message)) return;
    this.#used -= message.allocated;
    this.#shared?.release(this, message.allocated);
  }

  /** Frees the largest message, because another connection needs memory. */
  dropLargest(): void {
    let largest: UnfinishedMessage | undefined;
    for (const each of this.#messages) if (each.allocated > (largest?.allocated ?? 0)) largest = each;
    if (largest === undefined) return;
    const reason = this.#hasMost();
    this.release(largest);
    largest.drop(reason);
  }

  #hasMost(): string {
    const { used, maximum } = this.#shared ?? { used: this.#used, maximum: this.#maximum };
    return `unfinished messages of all connections take ${used} of ${maximum} bytes, most of them this one: ${this.#used}`;
  }
}

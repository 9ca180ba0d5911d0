/** How many connections there may be at a time, of however many listeners share it. */
export class ConnectionLimit {
  /** The most that there may be at a time. */
  readonly maximum: number;
  #count = 0;

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** Connections that were taken and not released. */
  get count(): number {
    return this.#count;
  }

  /** Takes a place. False when there is none; otherwise call {@link release} when the connection is closed. */
  take(): boolean {
    if (this.#count >= this.maximum) return false;
    this.#count += 1;
    return true;
  }

  /** Ends a connection that {@link take} allowed. */
  release(): void {
    this.#count -= 1;
  }
}

import { Deadlines } from '../deadlines.ts';

/** FreeRDP keeps 30 bits of a RequestId, so ids stay below this. */
const REQUEST_ID_LIMIT = 0x40000000;

/** Abandoned ids that are kept apart at most; beyond it the oldest are forgotten. */
const ABANDONED_LIMIT = 4096;

/**
 * The requests of one device that wait for their completion, by RequestId. Ids are unique over all kinds of requests
 * while in use, [MS-RDPEUSB] 3.1.1. An abandoned id stays reserved until its late completion came, so that no later
 * request can be answered by it.
 */
export class RequestTable<Request> {
  readonly #requests = new Map<number, Request>();
  readonly #abandoned = new Set<number>();
  readonly #deadlines = new Deadlines<number>();
  #lastId = 0;

  get size(): number {
    return this.#requests.size;
  }

  /** Enters a request under a free id. */
  add(request: Request, deadline: number | undefined): number {
    do {
      this.#lastId = (this.#lastId + 1) % REQUEST_ID_LIMIT;
    } while (this.#requests.has(this.#lastId) || this.#abandoned.has(this.#lastId));
    this.#requests.set(this.#lastId, request);
    if (deadline !== undefined) this.#deadlines.set(this.#lastId, deadline);
    return this.#lastId;
  }

  get(requestId: number): Request | undefined {
    return this.#requests.get(requestId);
  }

  /** The request is answered: its id is free again. */
  settle(requestId: number): void {
    this.#requests.delete(requestId);
    this.#deadlines.delete(requestId);
  }

  /** Moves the deadline of a waiting request. */
  expectBy(requestId: number, deadline: number): void {
    this.#deadlines.set(requestId, deadline);
  }

  /** Nobody waits for the answer any more, but it may still come. */
  abandon(requestId: number): void {
    this.settle(requestId);
    this.#abandoned.add(requestId);
    if (this.#abandoned.size > ABANDONED_LIMIT) {
      for (const oldest of this.#abandoned) {
        this.#abandoned.delete(oldest);
        break;
      }
    }
  }

  /** Whether this is the late answer to an abandoned request; its id is free afterwards. */
  takeAbandoned(requestId: number): boolean {
    return this.#abandoned.delete(requestId);
  }

  get earliestDeadline(): number | undefined {
    return this.#deadlines.earliest;
  }

  /** Ids whose deadline has passed. */
  takeDue(now: number): number[] {
    return this.#deadlines.takeDue(now);
  }
}

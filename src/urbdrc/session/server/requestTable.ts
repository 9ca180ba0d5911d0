import type { IoControlRequest, TransferRequest } from '../../exchange.ts';

/** FreeRDP keeps 30 bits of a RequestId, so ids stay below this. */
const REQUEST_ID_LIMIT = 0x40000000;

/** Abandoned ids that are kept apart at most; beyond it the oldest are forgotten. */
const ABANDONED_LIMIT = 4096;

/** All that is known of a request that waits for its completion. */
export interface ServerRequest<Caller> {
  readonly requestId: number;
  /** What was sent. */
  readonly asked: TransferRequest | IoControlRequest;
  /** The record of whoever waits for the completion; it may be handed on to another one who waits for the same. */
  caller: Caller;
  /**
   * `overdue`: the deadline has passed, and the client was told to cancel the request. `cancelled`: the caller wants its
   * end, and the client was told.
   */
  state: 'sent' | 'overdue' | 'cancelled';
  /** Milliseconds on the session's clock; undefined: none. */
  deadline: number | undefined;
}

/**
 * The requests of one device that wait for their completion, by RequestId. Ids are unique over all kinds of requests
 * while in use, [MS-RDPEUSB] 3.1.1. An abandoned id stays reserved until its late completion came, so that no later
 * request can be answered by it.
 *
 * The earliest deadline is asked for after every step: it is kept as a lower bound, so that adding and removing cost
 * nothing, and the requests are searched only when the bound is reached.
 */
export class RequestTable<Caller> {
  readonly #requests = new Map<number, ServerRequest<Caller>>();
  readonly #abandoned = new Set<number>();
  #lastId = 0;
  #deadlines = 0;
  #earliest: number | undefined;

  get size(): number {
    return this.#requests.size;
  }

  /** Oldest first. */
  values(): Iterable<ServerRequest<Caller>> {
    return this.#requests.values();
  }

  get(requestId: number): ServerRequest<Caller> | undefined {
    return this.#requests.get(requestId);
  }

  /** Not later than the earliest deadline; undefined when there is none. */
  get earliestDeadline(): number | undefined {
    return this.#earliest;
  }

  /** Enters a request under a free id. */
  add(asked: TransferRequest | IoControlRequest, caller: Caller, deadline: number | undefined): ServerRequest<Caller> {
    do {
      this.#lastId = (this.#lastId + 1) % REQUEST_ID_LIMIT;
    } while (this.#requests.has(this.#lastId) || this.#abandoned.has(this.#lastId));
    const request: ServerRequest<Caller> = {
      requestId: this.#lastId,
      asked,
      caller,
      state: 'sent',
      deadline: undefined,
    };
    this.#requests.set(request.requestId, request);
    if (deadline !== undefined) this.expectBy(request, deadline);
    return request;
  }

  /** Sets or moves the deadline of a waiting request. */
  expectBy(request: ServerRequest<Caller>, deadline: number): void {
    if (request.deadline === undefined) this.#deadlines += 1;
    request.deadline = deadline;
    if (this.#earliest === undefined || deadline < this.#earliest) this.#earliest = deadline;
  }

  /** The request is answered: its id is free again. */
  settle(request: ServerRequest<Caller>): void {
    this.#requests.delete(request.requestId);
    if (request.deadline === undefined) return;
    request.deadline = undefined;
    this.#deadlines -= 1;
    if (this.#deadlines === 0) this.#earliest = undefined;
  }

  /** Nobody waits for the answer any more, but it may still come. */
  abandon(request: ServerRequest<Caller>): void {
    this.settle(request);
    this.#abandoned.add(request.requestId);
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

  /** Requests whose deadline has passed; they have none any more. */
  takeDue(now: number): ServerRequest<Caller>[] {
    if (this.#earliest === undefined || now < this.#earliest) return [];
    const due: ServerRequest<Caller>[] = [];
    this.#earliest = undefined;
    for (const request of this.#requests.values()) {
      const { deadline } = request;
      if (deadline === undefined) continue;
      if (deadline <= now) {
        due.push(request);
        request.deadline = undefined;
        this.#deadlines -= 1;
      } else if (this.#earliest === undefined || deadline < this.#earliest) {
        this.#earliest = deadline;
      }
    }
    return due;
  }

  /** Takes all requests out, for good. */
  clear(): ServerRequest<Caller>[] {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    this.#deadlines = 0;
    this.#earliest = undefined;
    return requests;
  }
}

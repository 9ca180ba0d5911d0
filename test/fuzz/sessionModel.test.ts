import { expect } from 'chai';
import fc from 'fast-check';
import { joinParts } from '../../codecs/core/parts.ts';
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
import type { TsUrb } from '../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { TransferRequest } from '../../src/urbdrc/exchange.ts';
import type { ChannelEvent } from '../../src/urbdrc/session/channelEvent.ts';
import {
  ClientDeviceChannel,
  type ClientDeviceEvent,
  type ClientRequest,
} from '../../src/urbdrc/session/client/deviceChannel.ts';
import { DEFAULT_SESSION_TIMERS, type SessionLimits } from '../../src/urbdrc/session/limits.ts';
import { ServerDeviceChannel } from '../../src/urbdrc/session/server/deviceChannel.ts';
import type { ServerRequest } from '../../src/urbdrc/session/server/requestTable.ts';
import { ANNOUNCEMENT, ANSWERS, OPENING, REGISTER, REQUEST_COMPLETION, USB_DEVICE } from '../../fuzz/sessions.ts';

const EMPTY = new Uint8Array(0);
const bytesOf = (message: UrbdrcMessage) => Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
const OK = { name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 } as const;
const GRACE = DEFAULT_SESSION_TIMERS.cancelGrace;

function bulkUrb(requestId: number): TsUrb {
  return {
    name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
    requestId,
    noAck: false,
    pipeHandle: 1,
    transferFlags: 3,
  };
}

function bulkIn(outputBufferSize: number): TransferRequest {
  return { type: 'transfer', direction: 'in', tsUrb: bulkUrb(0), outputBuffer: EMPTY, outputBufferSize };
}

interface ModelRequest {
  readonly request: ServerRequest<undefined>;
  readonly size: number;
  /** The client was told to; `overdue` when its deadline was the reason. */
  cancelled: boolean;
  overdue: boolean;
  deadline: number | undefined;
}

/** What a server's session must know: requests by id, how large, whether it is being cancelled, until when. */
interface ServerModel {
  readonly pending: Map<number, ModelRequest>;
  readonly abandoned: Set<number>;
  now: number;
}

class ServerSystem {
  readonly channel = new ServerDeviceChannel(REQUEST_COMPLETION);

  constructor() {
    this.channel.open(0);
    for (const message of ANSWERS) this.channel.receive(message, 0);
    expect(this.channel.state).to.equal('active');
  }
}

type ServerCommand = fc.Command<ServerModel, ServerSystem>;

class Submit implements ServerCommand {
  readonly size: number;
  readonly patience: number | undefined;

  constructor(size: number, patience: number | undefined) {
    this.size = size;
    this.patience = patience;
  }

  check(): boolean {
    return true;
  }

  run(model: ServerModel, { channel }: ServerSystem): void {
    const deadline = this.patience === undefined ? undefined : model.now + this.patience;
    const { request, step } = channel.submit(bulkIn(this.size), undefined, deadline);
    const { requestId } = request;
    expect(model.pending.has(requestId), 'an id that is in use').to.equal(false);
    expect(model.abandoned.has(requestId), 'an id whose answer may still come').to.equal(false);
    expect(step.outgoing).to.have.length(1);
    expect(decodeServerMessage(joinParts(step.outgoing[0]!))).to.deep.include({ outputBufferSize: this.size });
    model.pending.set(requestId, { request, size: this.size, cancelled: false, overdue: false, deadline });
    expect(channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `submit ${this.size} within ${this.patience ?? 'any time'}`;
  }
}

/** A completion for the nth pending request, for an abandoned one, or for none. */
class Complete implements ServerCommand {
  readonly target: 'pending' | 'abandoned' | 'unknown';
  readonly nth: number;
  readonly length: number;

  constructor(target: 'pending' | 'abandoned' | 'unknown', nth: number, length: number) {
    this.target = target;
    this.nth = nth;
    this.length = length;
  }

  check(model: ServerModel): boolean {
    return this.target === 'unknown' || model[this.target].size > 0;
  }

  run(model: ServerModel, { channel }: ServerSystem): void {
    const ids = this.target === 'unknown' ? [0x3ffffff0] : [...model[this.target].keys()];
    const requestId = ids[this.nth % ids.length]!;
    const header = { interfaceId: REQUEST_COMPLETION, messageId: 1, requestId, tsUrbResult: OK, hResult: 0 };
    const message: ClientMessage =
      this.length === 0
        ? { name: 'URB_COMPLETION_NO_DATA', ...header, outputBufferSize: 0 }
        : { name: 'URB_COMPLETION', ...header, outputBuffer: new Uint8Array(this.length).fill(7) };
    const { events } = channel.receive(bytesOf(message), model.now);
    expect(events).to.have.length(1);
    const [event] = events;
    const request = model.pending.get(requestId);
    if (request === undefined) {
      // Late is harmless, unknown is not, [MS-RDPEUSB] 3.2.5.4.
      expect(event!.type).to.equal(model.abandoned.delete(requestId) ? 'answeredLate' : 'closeRequired');
    } else if (this.length > request.size) {
      // It ends with the channel.
      expect(event!.type).to.equal('closeRequired');
    } else {
      expect(event).to.include({ type: 'transferCompleted', request: request.request });
      expect(request.request.state === 'overdue').to.equal(request.overdue);
      model.pending.delete(requestId);
    }
    expect(channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `complete ${this.target} ${this.nth} with ${this.length} bytes`;
  }
}

class Cancel implements ServerCommand {
  readonly nth: number;

  constructor(nth: number) {
    this.nth = nth;
  }

  check(model: ServerModel): boolean {
    return model.pending.size > 0;
  }

  run(model: ServerModel, { channel }: ServerSystem): void {
    const ids = [...model.pending.keys()];
    const requestId = ids[this.nth % ids.length]!;
    const request = model.pending.get(requestId)!;
    const { outgoing, events } = channel.cancel(request.request, model.now);
    expect(outgoing).to.have.length(request.cancelled ? 0 : 1);
    expect(events).to.have.length(0);
    if (!request.cancelled) request.deadline = model.now + GRACE;
    request.cancelled = true;
    request.overdue = false;
    expect(channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `cancel ${this.nth}`;
  }
}

class Pass implements ServerCommand {
  readonly time: number;

  constructor(time: number) {
    this.time = time;
  }

  check(): boolean {
    return true;
  }

  run(model: ServerModel, { channel }: ServerSystem): void {
    model.now += this.time;
    const due = [...model.pending].filter(([, { deadline }]) => deadline !== undefined && deadline <= model.now);
    const deadline = channel.nextTimeout();
    if (due.length > 0) expect(deadline, 'a deadline that is not told').to.be.at.most(model.now);
    const { events, outgoing } = channel.handleTimeout(model.now);
    // A client is told first, and has some time left to answer.
    const told = due.filter(([, { cancelled }]) => !cancelled);
    const over = due.filter(([, { cancelled }]) => cancelled);
    const expected = over.map(([, { request, overdue }]) => ({
      type: 'abandoned',
      request,
      reason: overdue ? 'timedOut' : 'cancelled',
    }));
    expect(events).to.have.deep.members(expected);
    expect(outgoing).to.have.length(told.length);
    for (const [, request] of told) {
      Object.assign(request, { cancelled: true, overdue: true, deadline: model.now + GRACE });
    }
    for (const [requestId] of over) {
      model.pending.delete(requestId);
      model.abandoned.add(requestId);
    }
    expect(channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `pass ${this.time} ms`;
  }
}

const LIMITS: SessionLimits = { maximumPendingRequests: 6, maximumTransferSize: 1000, maximumPendingBytes: 3000 };

interface ClientModel {
  readonly pending: Map<number, ClientRequest>;
  /** Those that are over. */
  readonly over: ClientRequest[];
  isActive: boolean;
}

class ClientSystem {
  readonly channel = new ClientDeviceChannel(ANNOUNCEMENT, LIMITS);

  constructor() {
    for (const message of [...OPENING, REGISTER]) this.channel.receive(message, 0);
    expect(this.channel.state).to.equal('active');
  }

  receive(message: UrbdrcMessage): Step<ClientDeviceEvent | ChannelEvent> {
    return this.channel.receive(bytesOf(message), 0);
  }
}

type ClientCommand = fc.Command<ClientModel, ClientSystem>;
const ids = (requestId: number) => ({ interfaceId: USB_DEVICE, messageId: requestId + 1000 });

class Request implements ClientCommand {
  readonly requestId: number;
  readonly size: number;
  readonly isIoControl: boolean;

  constructor(requestId: number, size: number, isIoControl: boolean) {
    this.requestId = requestId;
    this.size = size;
    this.isIoControl = isIoControl;
  }

  check(): boolean {
    return true;
  }

  run(model: ClientModel, system: ClientSystem): void {
    const { requestId, size } = this;
    const { events, outgoing } = system.receive(
      this.isIoControl
        ? {
            name: 'IO_CONTROL',
            ...ids(requestId),
            ioControlCode: 0x220007,
            inputBuffer: EMPTY,
            outputBufferSize: size,
            requestId,
          }
        : { name: 'TRANSFER_IN_REQUEST', ...ids(requestId), tsUrb: bulkUrb(requestId), outputBufferSize: size },
    );
    const bytes = [...model.pending.values()].reduce((sum, each) => sum + each.outputBufferSize, size);
    if (!model.isActive || model.pending.has(requestId)) {
      expect(events.map(({ type }) => type)).to.deep.equal(['ignored']);
      expect(outgoing).to.have.length(0);
    } else if (
      size > LIMITS.maximumTransferSize ||
      model.pending.size >= LIMITS.maximumPendingRequests ||
      bytes > LIMITS.maximumPendingBytes
    ) {
      // Refused at once, and nothing is kept.
      expect(events).to.have.length(0);
      expectCompletion(outgoing, requestId);
    } else {
      expect(events.map(({ type }) => type)).to.deep.equal(['requested']);
      expect(outgoing).to.have.length(0);
      const [event] = events;
      if (event?.type !== 'requested') return;
      expect(event.request).to.include({ type: this.isIoControl ? 'ioControl' : 'transfer', requestId });
      model.pending.set(requestId, event.request);
    }
    expect(system.channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `${this.isIoControl ? 'ioControl' : 'transfer'} ${this.requestId} of ${this.size}`;
  }
}

/** The device answers, also what is answered or given up already. */
class Answer implements ClientCommand {
  readonly requestId: number;

  constructor(requestId: number) {
    this.requestId = requestId;
  }

  check(): boolean {
    return true;
  }

  run(model: ClientModel, { channel }: ClientSystem): void {
    const { requestId } = this;
    const request = model.pending.get(requestId) ?? model.over.findLast((each) => each.requestId === requestId);
    if (request === undefined) return;
    const data = new Uint8Array(Math.min(request.outputBufferSize, 4));
    const { outgoing, events } =
      request.type === 'ioControl'
        ? channel.completeIoControl(request, { hResult: 0, information: 0, outputBuffer: data })
        : channel.completeTransfer(request, { tsUrbResult: OK, hResult: 0, data, transferred: 0 });
    expect(events).to.have.length(0);
    model.over.push(request);
    if (model.pending.delete(requestId)) expectCompletion(outgoing, requestId);
    else expect(outgoing).to.have.length(0);
    expect(channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `answer ${this.requestId}`;
  }
}

class CancelRequest implements ClientCommand {
  readonly requestId: number;

  constructor(requestId: number) {
    this.requestId = requestId;
  }

  check(): boolean {
    return true;
  }

  run(model: ClientModel, system: ClientSystem): void {
    const { requestId } = this;
    const { events, outgoing } = system.receive({ name: 'CANCEL_REQUEST', ...ids(requestId), requestId });
    expect(outgoing).to.have.length(0);
    const request = model.pending.get(requestId);
    expect(events).to.deep.equal(request === undefined ? [] : [{ type: 'cancelRequested', request }]);
    expect(system.channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return `cancel ${this.requestId}`;
  }
}

class Register implements ClientCommand {
  readonly stops: boolean;

  constructor(stops: boolean) {
    this.stops = stops;
  }

  check(): boolean {
    return true;
  }

  run(model: ClientModel, system: ClientSystem): void {
    const target = this.stops ? {} : { requestCompletion: REQUEST_COMPLETION };
    const { events } = system.receive({ name: 'REGISTER_REQUEST_CALLBACK', ...ids(0), ...target });
    const requests = [...model.pending.values()];
    expect(events).to.deep.equal(this.stops ? [{ type: 'stopped', requests }] : []);
    model.isActive = !this.stops;
    if (this.stops) {
      model.over.push(...requests);
      model.pending.clear();
    }
    expect(system.channel.pendingRequests).to.equal(model.pending.size);
  }

  toString(): string {
    return this.stops ? 'stop' : 'register';
  }
}

function expectCompletion(outgoing: Step<unknown>['outgoing'], requestId: number): void {
  expect(outgoing).to.have.length(1);
  const message = decodeClientMessage(joinParts(outgoing[0]!), {
    requestCompletion: REQUEST_COMPLETION,
    urbFunction: () => UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
  });
  expect(message).to.deep.include({ requestId, interfaceId: REQUEST_COMPLETION, messageId: requestId + 1000 });
}

describe('pending requests against a model', () => {
  it('server: each request ends once, its id is free again, a late answer harms nobody (3.2.5.4)', () => {
    const nth = fc.nat(20);
    const commands = [
      fc.tuple(fc.nat(16), fc.option(fc.nat(4000), { nil: undefined })).map((args) => new Submit(...args)),
      fc
        .tuple(fc.constantFrom('pending' as const, 'pending' as const, 'abandoned' as const), nth, fc.nat(16))
        .map((args) => new Complete(...args)),
      fc.tuple(nth, fc.nat(2)).map(([each, length]) => new Complete('unknown', each, length)),
      nth.map((each) => new Cancel(each)),
      fc.nat(5000).map((time) => new Pass(time)),
    ];
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 120 }), (run) => {
        const setup = () => ({
          model: { pending: new Map(), abandoned: new Set<number>(), now: 0 },
          real: new ServerSystem(),
        });
        fc.modelRun(setup, run);
      }),
      { numRuns: 300 },
    );
  });

  it('client: each request is handed out once and completed once, within the limits (3.3.5.3)', () => {
    const requestId = fc.nat(9);
    const commands = [
      fc
        .tuple(requestId, fc.oneof(fc.nat(900), fc.constantFrom(1000, 1001, 0x7fffffff)), fc.boolean())
        .map((args) => new Request(...args)),
      requestId.map((id) => new Answer(id)),
      requestId.map((id) => new CancelRequest(id)),
      fc.boolean().map((stops) => new Register(stops)),
    ];
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 120 }), (run) => {
        const setup = () => ({ model: { pending: new Map(), over: [], isActive: true }, real: new ClientSystem() });
        fc.modelRun(setup, run);
      }),
      { numRuns: 300 },
    );
  });

  it('server: ids stay below 2^30 and come round (FreeRDP keeps 30 bits)', () => {
    const { channel } = new ServerSystem();
    const kept = channel.submit(bulkIn(0), undefined).request.requestId;
    const seen = new Set<number>();
    for (let count = 0; count < 5000; count += 1) {
      const { requestId } = channel.submit(bulkIn(0), undefined).request;
      expect(requestId)
        .to.be.within(0, 2 ** 30 - 1)
        .and.not.to.equal(kept);
      seen.add(requestId);
      const header = { interfaceId: REQUEST_COMPLETION, messageId: 1, requestId, tsUrbResult: OK, hResult: 0 };
      channel.receive(bytesOf({ name: 'URB_COMPLETION_NO_DATA', ...header, outputBufferSize: 0 }), 0);
    }
    expect(seen.size).to.equal(5000);
    expect(channel.pendingRequests).to.equal(1);
  });
});

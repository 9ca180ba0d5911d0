import type { InterfaceSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../activeConfiguration.ts';
import { bulkOnlyFunctions, isBulkOnlyReset } from '../massStorage/bulkOnlyFunctions.ts';
import { type Complete, resultOf } from '../results.ts';
import { WrappedDevice } from '../wrappedDevice.ts';
import { CommandOverlap, type OverlapObserver } from './commandOverlap.ts';
import type { DropCause, EndpointMachine, HostRequest, OverlapAction, Sent } from './overlapAction.ts';
import { interruptPace, isStream, reportInterval, streamPace, writeWindow } from './streamEndpoints.ts';
import { StreamReads } from './streamReads.ts';
import { StreamWrites } from './streamWrites.ts';

/** Bytes of a command's data that are held for the host at most. */
const MAXIMUM_HELD_DATA = 4 * 1024 * 1024;
/** Milliseconds for which an operation waits for acknowledged writes before it. A line that is held back takes for ever. */
const WRITES_TIME = 1000;

/** Options of {@link OverlappedDevice}. */
export interface OverlapOptions {
  /** Time for what is held. */
  readonly clock: Clock;
  /** Milliseconds to the device and back, as far as they are known. */
  readonly roundTrip: () => number;
  /** Bytes that one read may ask for. */
  readonly maximumTransferSize: number;
  /** Told of each command. */
  readonly observer: OverlapObserver;
}

interface Placed {
  readonly interfaceNumber: number;
  /** Of mass storage. */
  readonly hasCommands: boolean;
  readonly machine: EndpointMachine;
}

interface Deferred {
  readonly request: HostRequest;
  /** It has waited long enough for the writes before it. */
  isLate: boolean;
}

/**
 * A device that is far away and keeps the order of what it is sent, as the host's end has it: what the host would ask for
 * in the next moment is asked for before. Commands of Bulk-Only mass storage take one round trip (`CommandOverlap`), reports and streams come as fast as the device gives them (`StreamReads`,
 * `StreamWrites`). The host gets results of the device, and nothing is told that the device may still refuse, but for
 * commands and the bytes of a stream: their failure is the result of what follows.
 */
export class OverlappedDevice<D extends UsbDevice = UsbDevice> extends WrappedDevice<D> {
  readonly #options: OverlapOptions;
  readonly #active: ActiveConfiguration;
  /** By endpoint address; both endpoints of mass storage have the same. */
  readonly #machines = new Map<number, Placed>();
  readonly #atDevice = new Map<Sent | HostRequest, UsbTransfer>();
  readonly #actions: { readonly machine: EndpointMachine; readonly action: OverlapAction }[] = [];
  #isRunning = false;
  /** Operations of the host that wait until what was dropped has ended, or acknowledged writes have, oldest first. */
  readonly #deferred: Deferred[] = [];
  #isResuming = false;
  #stopTimer: (() => void) | undefined;
  #whenWritten: (() => void)[] = [];

  constructor(device: D, options: OverlapOptions) {
    super(device);
    this.#options = options;
    this.#active = new ActiveConfiguration(device.configurations);
  }

  /** What was acknowledged is written first, if the device takes it within a second. */
  override async close(): Promise<void> {
    if (this.#isWriting) {
      this.#startTimer();
      await new Promise<void>((resolve) => this.#whenWritten.push(resolve));
    }
    for (const { request } of this.#deferred.splice(0)) request.complete(resultOf('cancelled'));
    for (const machine of this.#all()) this.#run(machine, machine.drop('reset'));
    this.#machines.clear();
    await super.close();
    for (const setting of this.#active.settings) this.#arrange(setting);
  }

  /** Submits an operation; `complete` is called once, with its result. */
  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const request: HostRequest = { operation, complete };
    if (this.#deferred.length > 0 || this.#isHeldBack(operation)) this.#deferred.push({ request, isLate: false });
    else this.#admit({ request, isLate: false });
    return { cancel: () => this.#cancel(request) };
  }

  #isHeldBack(operation: UsbOperation): boolean {
    return this.#all().some((machine) => machine.holdsBack(operation));
  }

  #admit(entry: Deferred): void {
    const { operation } = entry.request;
    switch (operation.type) {
      case 'transferIn':
      case 'transferOut': {
        const machine = this.#machines.get(operation.endpointAddress)?.machine;
        if (machine === undefined) {
          this.#pass(entry.request);
          return;
        }
        this.#run(machine, machine.prepare(operation));
        if (this.#isHeldBack(operation)) this.#deferred.unshift(entry);
        else this.#run(machine, machine.transfer(entry.request, operation, this.#options.clock.now()));
        return;
      }
      case 'isochronousIn':
      case 'isochronousOut':
      case 'queryBus':
        this.#pass(entry.request);
        return;
      default:
        this.#change(entry);
    }
  }

  /** An operation that may change what the device does with what is under way. */
  #change(entry: Deferred): void {
    const { operation } = entry.request;
    if (!entry.isLate && this.#isWriting) {
      this.#startTimer();
      this.#deferred.unshift(entry);
      return;
    }
    for (const [machine, cause] of this.#ends(operation)) this.#run(machine, machine.drop(cause));
    if (this.#isHeldBack(operation)) this.#deferred.unshift(entry);
    else this.#pass(entry.request);
  }

  #pass(request: HostRequest): void {
    this.#submit(request, request.operation, (result) => {
      if (result.status === 'completed') this.#note(request.operation);
      request.complete(result);
    });
  }

  #cancel(request: HostRequest): void {
    const position = this.#deferred.findIndex((each) => each.request === request);
    if (position >= 0) {
      this.#deferred.splice(position, 1);
      request.complete(resultOf('cancelled'));
      return;
    }
    this.#atDevice.get(request)?.cancel();
    for (const machine of this.#all()) this.#run(machine, machine.cancel(request));
  }

  /** What `operation` ends that was sent ahead, and how. */
  #ends(operation: UsbOperation): (readonly [EndpointMachine, DropCause])[] {
    const meant = operation.type === 'control' ? (stateRequestOf(operation.setup) ?? operation) : operation;
    switch (meant.type) {
      case 'setConfiguration':
      case 'resetDevice':
      case 'cyclePort':
        return this.#all().map((machine) => [machine, 'reset']);
      case 'setInterface':
        return this.#all((placed) => placed.interfaceNumber === meant.interfaceNumber).map((each) => [each, 'reset']);
      case 'control': {
        if (!isBulkOnlyReset(meant.setup)) return [];
        const isMeant = (placed: Placed) => placed.hasCommands && placed.interfaceNumber === meant.setup.wIndex;
        return this.#all(isMeant).map((machine) => [machine, 'reset']);
      }
      case 'clearHalt': {
        const machine = this.#machines.get(meant.endpointAddress)?.machine;
        // A halt of the OUT endpoint has nothing to do with what is read.
        return machine === undefined || meant.endpointAddress < 0x80 ? [] : [[machine, 'clearHalt']];
      }
      case 'resetEndpoint':
      case 'abortEndpoint': {
        const machine = this.#machines.get(meant.endpointAddress)?.machine;
        return machine === undefined ? [] : [[machine, 'reset']];
      }
      default:
        return [];
    }
  }

  #run(machine: EndpointMachine, actions: readonly OverlapAction[]): void {
    for (const action of actions) this.#actions.push({ machine, action });
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#actions.shift(); next !== undefined; next = this.#actions.shift()) {
        this.#perform(next.machine, next.action);
      }
    } finally {
      this.#isRunning = false;
    }
    this.#resume();
  }

  #perform(machine: EndpointMachine, action: OverlapAction): void {
    switch (action.type) {
      case 'complete':
        action.request.complete(action.result);
        return;
      case 'cancel':
        this.#atDevice.get(action.sent)?.cancel();
        return;
      case 'submit': {
        const { sent } = action;
        this.#submit(sent, sent.operation, (result) => {
          this.#run(machine, machine.ended(sent, result, this.#options.clock.now()));
        });
      }
    }
  }

  #submit(name: Sent | HostRequest, operation: UsbOperation, complete: Complete): void {
    const submission = { isOver: false };
    const transfer = this.device.submit(operation, (result) => {
      submission.isOver = true;
      this.#atDevice.delete(name);
      complete(result);
    });
    if (!submission.isOver) this.#atDevice.set(name, transfer);
  }

  /** Admits what waited, as far as that can go. */
  #resume(): void {
    if (!this.#isWriting) this.#writesEnded();
    if (this.#isResuming) return;
    this.#isResuming = true;
    for (let [first] = this.#deferred; first !== undefined; [first] = this.#deferred) {
      if (this.#isHeldBack(first.request.operation)) break;
      this.#deferred.shift();
      this.#admit(first);
      if (this.#deferred[0] === first) break;
    }
    this.#isResuming = false;
  }

  get #isWriting(): boolean {
    return this.#all().some(({ isWriting }) => isWriting);
  }

  #startTimer(): void {
    this.#stopTimer ??= this.#options.clock.after(WRITES_TIME, () => {
      for (const each of this.#deferred) each.isLate = true;
      this.#writesEnded();
      this.#resume();
    });
  }

  /** All acknowledged bytes are written, or have taken too long. */
  #writesEnded(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    for (const resolve of this.#whenWritten.splice(0)) resolve();
  }

  #all(isMeant: (placed: Placed) => boolean = () => true): EndpointMachine[] {
    return [...new Set([...this.#machines.values()].filter(isMeant).map(({ machine }) => machine))];
  }

  /** The endpoints that are now in force get machines. What the old ones had was dropped before. */
  #note(operation: UsbOperation): void {
    const change = operation.type === 'control' ? stateRequestOf(operation.setup) : operation;
    if (change?.type !== 'setConfiguration' && change?.type !== 'setInterface') return;
    this.#active.note(change);
    const isMeant = ({ interfaceNumber }: Pick<Placed, 'interfaceNumber'>) =>
      change.type === 'setConfiguration' || change.interfaceNumber === interfaceNumber;
    for (const [endpointAddress, placed] of this.#machines) {
      if (isMeant(placed)) this.#machines.delete(endpointAddress);
    }
    for (const setting of this.#active.settings) if (isMeant(setting)) this.#arrange(setting);
  }

  #arrange(setting: InterfaceSetting): void {
    const { roundTrip, maximumTransferSize, observer } = this.#options;
    const { identity } = this.device;
    const { interfaceNumber } = setting;
    for (const where of bulkOnlyFunctions([setting])) {
      const machine = new CommandOverlap(where, Math.min(MAXIMUM_HELD_DATA, maximumTransferSize), observer);
      const placed = { interfaceNumber, hasCommands: true, machine };
      this.#machines.set(where.in.endpointAddress, placed);
      this.#machines.set(where.out.endpointAddress, placed);
    }
    const hasStreams = isStream(setting, identity);
    const place = (endpointAddress: number, machine: EndpointMachine) =>
      this.#machines.set(endpointAddress, { interfaceNumber, hasCommands: false, machine });
    for (const endpoint of setting.endpoints) {
      const { endpointAddress, transferType } = endpoint;
      if (this.#machines.has(endpointAddress)) continue;
      const isIn = endpointAddress >= 0x80;
      if (isIn && transferType === 'interrupt') {
        const pace = interruptPace(reportInterval(endpoint, identity.speed), roundTrip);
        place(endpointAddress, new StreamReads(endpointAddress, pace));
      } else if (isIn && transferType === 'bulk' && hasStreams) {
        place(endpointAddress, new StreamReads(endpointAddress, streamPace(roundTrip)));
      } else if (!isIn && transferType === 'bulk' && hasStreams) {
        place(endpointAddress, new StreamWrites(() => writeWindow(roundTrip())));
      }
    }
  }
}

import { FeatureSelector, RequestType, StandardRequest, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { WrappedDevice } from '../../usb/wrappedDevice.ts';
import { type Complete, completeAtOnce, resultOf } from '../../usb/results.ts';
import { EndpointLanes, HeldOperation } from './endpointLanes.ts';
import { FaultPlan } from './faultPlan.ts';
import { checkFaultScript, type Fault, type FaultRule, type FaultScript } from './faultScript.ts';
import { babblingResult, lossyResult, shortOperation, shortResult } from './faultyResults.ts';

/** Options of {@link withFaults}. */
export interface FaultOptions {
  /** For rules with a probability. Default 0. */
  readonly seed?: number;
  /** For delays, and for the timeouts of control requests that hang. */
  readonly clock?: Clock;
  /** Called for each fault. */
  readonly onFault?: (rule: FaultRule, operation: UsbOperation) => void;
}

/**
 * A device that behaves as the given one, but for the faults of a script. It is opened, used and closed in place of the
 * given one.
 * @throws UsageError when the script is wrong.
 */
export function withFaults(device: UsbDevice, script: FaultScript, options: FaultOptions = {}): UsbDevice {
  return faultInjector(script, options)(device);
}

/**
 * {@link withFaults} for devices that come one after the other, such as one that is unplugged and plugged in again: the
 * script goes on where it was.
 * @throws UsageError when the script is wrong.
 */
export function faultInjector(script: FaultScript, options: FaultOptions = {}): (device: UsbDevice) => UsbDevice {
  checkFaultScript(script, options.clock !== undefined);
  const plan = new FaultPlan(script, options.seed ?? 0);
  return (device) => new FaultyDevice(device, plan, options);
}

const PULLED_OUT = 'the device was unplugged by its fault script';

class FaultyDevice extends WrappedDevice {
  readonly #plan: FaultPlan;
  readonly #options: FaultOptions;
  readonly #lanes: EndpointLanes;
  readonly #pending = new Set<HeldOperation>();
  /** Bulk and interrupt endpoints that a fault halted. */
  readonly #halted = new Set<number>();
  readonly #pulled = new AbortController();
  /** The signal that {@link gone} returned last, and the signal of the given device that it belongs to. */
  #gone: { readonly of: AbortSignal; readonly signal: AbortSignal } | undefined;
  #isOpen = false;
  #isPulled = false;

  constructor(device: UsbDevice, plan: FaultPlan, options: FaultOptions) {
    super(device);
    this.#plan = plan;
    this.#options = options;
    this.#lanes = new EndpointLanes(options.clock, (held) => this.#forward(held));
  }

  /** Aborted when the given device is gone, and when a fault pulls this one out. */
  override get gone(): AbortSignal {
    return this.#watchGone();
  }

  /** @throws DeviceError when a fault pulled it out, or for a reason of the given device. */
  override async open(): Promise<void> {
    if (this.#isPulled) throw new DeviceError('DEVICE_GONE', PULLED_OUT);
    this.#watchGone();
    await this.device.open();
    this.#isOpen = true;
  }

  override async close(): Promise<void> {
    this.#isOpen = false;
    this.#lanes.endAll('cancelled');
    await this.device.close();
    this.#halted.clear();
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#isPulled) return completeAtOnce('disconnected', complete);
    if (!this.#isOpen) return this.device.submit(operation, complete);
    const rule = this.#plan.next(operation);
    if (rule !== undefined) this.#options.onFault?.(rule, operation);
    const held = new HeldOperation(operation, rule?.fault, (result) => {
      this.#pending.delete(held);
      complete(result);
    });
    this.#pending.add(held);
    this.#lanes.enter(held);
    return { cancel: () => this.#lanes.cancel(held) };
  }

  /** The given device has a new signal each time it is plugged in. */
  #watchGone(): AbortSignal {
    const { gone } = this.device;
    if (this.#gone?.of !== gone) {
      gone.addEventListener('abort', () => this.#endAll('disconnected'), { once: true });
      this.#gone = { of: gone, signal: AbortSignal.any([gone, this.#pulled.signal]) };
    }
    return this.#gone.signal;
  }

  /** Checks that end a transfer before it reaches the device. */
  #before(operation: UsbOperation): void {
    switch (operation.type) {
      case 'abortEndpoint':
        this.#lanes.end(operation.endpointAddress, 'cancelled');
        return;
      case 'setConfiguration':
      case 'setInterface':
      case 'resetDevice':
        this.#halted.clear();
        this.#lanes.endAll('cancelled');
        return;
      case 'cyclePort':
        this.#halted.clear();
        this.#lanes.endAll('disconnected');
        return;
      case 'clearHalt':
        this.#halted.delete(operation.endpointAddress);
        return;
      case 'control':
        if (isClearHalt(operation.setup)) this.#halted.delete(operation.setup.wIndex & 0xff);
        return;
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
      case 'resetEndpoint':
      case 'queryBus':
        return;
    }
  }

  /** The operation's turn has come. */
  #forward(held: HeldOperation): void {
    const { operation, fault } = held;
    const isTransfer = operation.type === 'transferIn' || operation.type === 'transferOut';
    if (isTransfer && this.#halted.has(operation.endpointAddress)) {
      held.end(resultOf('stalled'));
      return;
    }
    if (operation.type === 'control' && this.#isHalted(operation.setup)) {
      held.end(resultOf('completed', Uint8Array.of(1, 0)));
      return;
    }
    if (fault !== undefined && this.#end(held, fault)) return;
    this.#before(operation);
    const asked = fault?.type === 'short' ? shortOperation(operation, fault.length) : operation;
    held.transfer = this.device.submit(asked, (result) => held.end(changed(operation, fault, result)));
    if (held.isCancelled) held.transfer.cancel();
  }

  /** Faults of which the device sees nothing. */
  #end(held: HeldOperation, fault: Fault): boolean {
    const { operation } = held;
    switch (fault.type) {
      case 'stall':
        if (operation.type === 'transferIn' || operation.type === 'transferOut') {
          this.#halted.add(operation.endpointAddress);
        }
        held.end(resultOf('stalled'));
        return true;
      case 'fail':
        held.end(resultOf(fault.status));
        return true;
      case 'unplug':
        this.#isPulled = true;
        this.#endAll('disconnected');
        this.#pulled.abort(new DeviceError('DEVICE_GONE', PULLED_OUT));
        return true;
      case 'short':
      case 'babble':
      case 'delay':
      case 'hang':
      case 'losePackets':
        return false;
    }
  }

  #isHalted({ bmRequestType, bRequest, wIndex, wLength }: SetupPacket): boolean {
    const isGetStatus =
      bmRequestType === (RequestType.directionIn | RequestType.endpoint) && bRequest === StandardRequest.GET_STATUS;
    return isGetStatus && wLength === 2 && this.#halted.has(wIndex & 0xff);
  }

  #endAll(status: UsbStatus): void {
    this.#lanes.endAll(status);
    for (const held of [...this.#pending]) {
      held.end(resultOf(status));
      held.transfer?.cancel();
    }
  }
}

function changed(operation: UsbOperation, fault: Fault | undefined, result: Parameters<Complete>[0]) {
  switch (fault?.type) {
    case 'short':
      return shortResult(operation, result, fault.length);
    case 'babble':
      return babblingResult(operation, result, fault.extra);
    case 'losePackets':
      return lossyResult(operation, result, fault.every);
    default:
      return result;
  }
}

function isClearHalt({ bmRequestType, bRequest, wValue }: SetupPacket): boolean {
  const isClearFeature = bmRequestType === RequestType.endpoint && bRequest === StandardRequest.CLEAR_FEATURE;
  return isClearFeature && wValue === FeatureSelector.ENDPOINT_HALT;
}

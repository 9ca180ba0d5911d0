import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { MeteredDevice, type MeteredRequest } from '../../metrics/meteredDevice.ts';
import type { Complete } from '../../usb/results.ts';

/** Who watches a device that is given away. */
export interface DeviceWatcher {
  /** A request has ended. */
  readonly ended: (request: MeteredRequest) => void;
  /** Something happened that a person wants to know, as a sentence. */
  readonly told: (sentence: string) => void;
}

/** A device that tells, in words for people, what the server does with it. */
export class WatchedDevice extends MeteredDevice {
  readonly #told: (sentence: string) => void;

  constructor(device: UsbDevice, clock: Clock, { ended, told }: DeviceWatcher) {
    super(device, clock, ended);
    this.#told = told;
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const sentence = sentenceFor(operation);
    return super.submit(operation, (result) => {
      if (sentence !== undefined)
        this.#told(result.status === 'completed' ? sentence : `${sentence} ${failed(result.status)}`);
      else if (PROBLEMS.has(result.status))
        this.#told(`A transfer at ${placeOf(operation)} failed: ${WORDS[result.status]}.`);
      complete(result);
    });
  }
}

/** Ends that are no part of ordinary work. A stalled request often is: so a device says that it does not know it. */
const PROBLEMS: ReadonlySet<UsbStatus> = new Set(['timedOut', 'overflowed', 'noBandwidth', 'outOfMemory', 'failed']);

const WORDS: Readonly<Record<UsbStatus, string>> = {
  completed: 'it succeeded',
  stalled: 'the device refused it',
  cancelled: 'it was cancelled',
  timedOut: 'the device did not answer in time',
  disconnected: 'the device is gone',
  overflowed: 'the device sent more than was asked for',
  notSupported: 'this browser cannot do it',
  invalidParameter: 'it makes no sense',
  notFound: 'the device has no such part',
  busy: 'the device is busy',
  badStartFrame: 'it came too late',
  noBandwidth: 'the bus has too little left',
  outOfMemory: 'there is no memory left',
  failed: 'the device, or the browser, did not carry it out',
};

function failed(status: UsbStatus): string {
  return `It failed: ${WORDS[status]}.`;
}

function sentenceFor(operation: UsbOperation): string | undefined {
  switch (operation.type) {
    case 'setConfiguration':
      return operation.configurationValue === 0
        ? 'The server switched the device off.'
        : `The server switched on configuration ${operation.configurationValue}.`;
    case 'setInterface':
      return `The server chose setting ${operation.alternateSetting} of interface ${operation.interfaceNumber}.`;
    case 'clearHalt':
      return `The server cleared an error at ${placeOf(operation)}.`;
    case 'resetDevice':
      return 'The server reset the device.';
    case 'cyclePort':
      return 'The server pulled the device out and plugged it in again.';
    case 'control':
    case 'transferIn':
    case 'transferOut':
    case 'isochronousIn':
    case 'isochronousOut':
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'queryBus':
      return undefined;
  }
}

function placeOf(operation: UsbOperation): string {
  if (!('endpointAddress' in operation)) return 'the control endpoint';
  const { endpointAddress } = operation;
  return `endpoint ${endpointAddress & 0x0f} ${(endpointAddress & 0x80) === 0 ? 'out' : 'in'}`;
}

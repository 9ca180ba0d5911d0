import type { EndpointSetting } from '../../codecs/usb/configurationDescriptor.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../ports/usb.ts';
import type { Complete } from '../usb/results.ts';
import { WrappedDevice } from '../usb/wrappedDevice.ts';

/** What a {@link MeteredDevice} tells of one request that has ended. */
export interface MeteredRequest {
  readonly transfer: 'control' | EndpointSetting['transferType'];
  readonly status: UsbStatus;
  readonly direction: 'in' | 'out';
  /** Bytes of data. */
  readonly bytes: number;
  /** Seconds; undefined where the time tells nothing: an interrupt IN waits for its user, a cancelled request for nobody. */
  readonly seconds: number | undefined;
}

/** A device whose requests are counted and timed. What is no transfer (resets, aborts, queries) is not. */
export class MeteredDevice extends WrappedDevice {
  readonly #clock: Clock;
  readonly #tell: (request: MeteredRequest) => void;
  readonly #transferTypes = new Map<number, EndpointSetting['transferType']>();

  constructor(device: UsbDevice, clock: Clock, tell: (request: MeteredRequest) => void) {
    super(device);
    this.#clock = clock;
    this.#tell = tell;
    for (const { endpointAddress, transferType } of endpointsOf(device)) {
      this.#transferTypes.set(endpointAddress, transferType);
    }
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const kind = this.#kindOf(operation);
    if (kind === undefined) return this.device.submit(operation, complete);
    const begin = this.#clock.now();
    return this.device.submit(operation, (result: UsbResult) => {
      const isTimed = result.status !== 'cancelled' && !(kind.transfer === 'interrupt' && kind.direction === 'in');
      const seconds = isTimed ? (this.#clock.now() - begin) / 1000 : undefined;
      this.#tell({ status: result.status, bytes: result.transferred, seconds, ...kind });
      complete(result);
    });
  }

  #kindOf(operation: UsbOperation): Pick<MeteredRequest, 'transfer' | 'direction'> | undefined {
    switch (operation.type) {
      case 'control':
        return { transfer: 'control', direction: isIn(operation.setup.bmRequestType) ? 'in' : 'out' };
      case 'transferIn':
        return { transfer: this.#transferTypes.get(operation.endpointAddress) ?? 'bulk', direction: 'in' };
      case 'transferOut':
        return { transfer: this.#transferTypes.get(operation.endpointAddress) ?? 'bulk', direction: 'out' };
      case 'isochronousIn':
        return { transfer: 'isochronous', direction: 'in' };
      case 'isochronousOut':
        return { transfer: 'isochronous', direction: 'out' };
      case 'setConfiguration':
      case 'setInterface':
      case 'clearHalt':
        return { transfer: 'control', direction: 'out' };
      case 'resetEndpoint':
      case 'abortEndpoint':
      case 'resetDevice':
      case 'cyclePort':
      case 'queryBus':
        return undefined;
    }
  }
}

function isIn(bmRequestType: number): boolean {
  return (bmRequestType & 0x80) !== 0;
}

function endpointsOf({ configurations }: UsbDevice): EndpointSetting[] {
  return configurations.flatMap(({ interfaces }) => interfaces.flatMap(({ endpoints }) => endpoints));
}

/** Names of USB classes, [USB class codes]. */
const CLASS_NAMES: Readonly<Partial<Record<number, string>>> = {
  0x01: 'audio',
  0x02: 'communication',
  0x03: 'hid',
  0x06: 'image',
  0x07: 'printer',
  0x08: 'mass-storage',
  0x09: 'hub',
  0x0a: 'communication',
  0x0b: 'smart-card',
  0x0e: 'video',
  0xe0: 'wireless',
  0xff: 'vendor',
};

/** The class of a device as a label: of few values, whatever a hostile device says. */
export function classLabel({ identity, configurations }: Pick<UsbDevice, 'identity' | 'configurations'>): string {
  const codes = configurations.flatMap(({ interfaces }) => interfaces.map(({ interfaceClass }) => interfaceClass));
  const names = new Set(
    (codes.length === 0 ? [identity.deviceClass] : codes).map((code) => CLASS_NAMES[code] ?? 'other'),
  );
  const [first = 'other'] = names;
  return names.size > 1 ? 'composite' : first;
}

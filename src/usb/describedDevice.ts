import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { ControlQueue } from './controlQueue.ts';
import { type Complete, resultOf } from './results.ts';
import { WrappedDevice } from './wrappedDevice.ts';

const STANDARD_IN = RequestType.directionIn | RequestType.standard | RequestType.device;
/** Descriptors of a device that are kept; it has a handful. */
const MAXIMUM_DESCRIPTORS = 64;

/**
 * Strings and BOS that a device gave when it came, and those that it refused. Device and configuration descriptors are for
 * `JudgedDevice`, which has copies and compares them with the device's own when it is opened.
 */
export class DescriptorMemory {
  readonly #answers = new Map<string, UsbResult>();

  /** @param result - what became of `operation` */
  note(operation: UsbOperation, result: UsbResult): void {
    if (operation.type !== 'control' || !isRead(operation.setup)) return;
    const { status, data } = result;
    if (status !== 'completed' && status !== 'stalled') return;
    const key = keyOf(operation.setup);
    const before = this.#answers.get(key);
    // A device that refuses a long read may answer a short one.
    if (before?.status === 'completed' && before.data.byteLength >= data.byteLength) return;
    if (this.#answers.size < MAXIMUM_DESCRIPTORS) this.#answers.set(key, { ...result, data: Uint8Array.from(data) });
  }

  /** What the device would answer; undefined where it was not asked for as much. */
  answer(setup: SetupPacket): UsbResult | undefined {
    const known = isRead(setup) ? this.#answers.get(keyOf(setup)) : undefined;
    if (known === undefined || known.status === 'stalled') return known;
    const { data } = known;
    return data.byteLength >= Math.min(setup.wLength, lengthOf(data))
      ? resultOf('completed', data.slice(0, setup.wLength))
      : undefined;
  }
}

/**
 * A device whose strings and BOS are known from when it came: until a host uses it, it gives these, because the way to it may
 * be long, and an operating system asks for a dozen of them one after the other. The first request that may change a
 * device ends that for good: SET_CONFIGURATION, a reset, a transfer, anything of a class or vendor. Whoever compares
 * descriptors after a reset gets those of the device.
 */
export class DescribedDevice<D extends UsbDevice = UsbDevice> extends WrappedDevice<D> {
  #memory: DescriptorMemory | undefined;
  readonly #controls = new ControlQueue();

  constructor(device: D, memory: DescriptorMemory) {
    super(device);
    this.#memory = memory;
  }

  override close(): Promise<void> {
    this.#memory = undefined;
    return super.close();
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (operation.type !== 'control') {
      if (operation.type !== 'queryBus') this.#memory = undefined;
      return this.device.submit(operation, complete);
    }
    const answer = this.#answer(operation.setup);
    if (answer !== undefined) return this.#controls.answer(answer, complete);
    return this.#controls.submit((done) => this.device.submit(operation, done), complete);
  }

  #answer(setup: SetupPacket): UsbResult | undefined {
    const { bmRequestType, bRequest } = setup;
    // It tells the device about a bus that is not there, [USB 3.2] 9.4.11.
    const isDelay = bmRequestType === RequestType.device && bRequest === StandardRequest.SET_ISOCH_DELAY;
    if (this.#memory !== undefined && isDelay) return resultOf('completed');
    const answer = this.#memory?.answer(setup);
    const isStandardIn =
      (bmRequestType & ~RequestType.recipientMask) === (RequestType.directionIn | RequestType.standard);
    if (!isStandardIn) this.#memory = undefined;
    return answer;
  }
}

function isRead({ bmRequestType, bRequest, wValue }: SetupPacket): boolean {
  if (bmRequestType !== STANDARD_IN || bRequest !== StandardRequest.GET_DESCRIPTOR) return false;
  return wValue >> 8 === DescriptorType.STRING || wValue >> 8 === DescriptorType.BOS;
}

function keyOf({ wValue, wIndex }: SetupPacket): string {
  return `${wValue}.${wIndex}`;
}

/** As the descriptor itself says: wTotalLength of a BOS, else bLength, [USB 2.0] 9.5. */
function lengthOf(data: Uint8Array): number {
  const [length = 0, type = 0] = data;
  return type === DescriptorType.BOS ? (data[2] ?? 0) | ((data[3] ?? 0) << 8) : length;
}

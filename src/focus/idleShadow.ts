import { RequestType, type SetupPacket } from '../../codecs/usb/setupPacket.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import type { UsbDevice, UsbOperation, UsbResult } from '../ports/usb.ts';
import { getDescriptor } from '../usb/getDescriptor.ts';
import { HostSettings } from '../usb/hostSettings.ts';
import { NO_BYTES, resultOf } from '../usb/results.ts';

const DEVICE_TO_HOST = 0x80;
/** GET_DESCRIPTOR of an interface, for a report descriptor, [HID 1.11] 7.1.1. */
const INTERFACE_IN = 0x81;
const GET_DESCRIPTOR = 0x06;
const REPORT_DESCRIPTOR = 0x22;
const GET_STATUS = 0x00;
/** Not self-powered, no remote wakeup, not halted, [USB 2.0] 9.4.5. */
const NO_STATUS = new Uint8Array(2);
/** Item "Report ID" in a report descriptor, [HID 1.11] 6.2.2.7: tag 8, type global, any size. */
const REPORT_ID = 0x84;
const LONG_ITEM = 0xfe;

/** A device has a few descriptors, and strings in a few languages. */
const MAXIMUM_ANSWERS = 64;
const LARGEST_ANSWER = 4096;
/** Milliseconds. */
const QUESTION_TIMEOUT = 1000;
/** iManufacturer, iProduct and iSerialNumber in a device descriptor, [USB 2.0] 9.6.1. */
const FIRST_NAME_OFFSET = 14;
const ENGLISH = 0x0409;

/**
 * What the host has learnt of a HID device and set on it. With this an idle device can be played while the real one is in
 * use elsewhere, and the real one be set as the host left it. Bounded, whatever the host asks.
 */
export class IdleShadow {
  /** The longest answers of the device, by the setup packet without its length. */
  readonly #answers = new Map<string, Uint8Array>();
  readonly #settings = new HostSettings();

  /** An operation that the real device has completed. */
  note(operation: UsbOperation, { status, data }: UsbResult): void {
    if (status !== 'completed') return;
    this.#settings.note(operation);
    if (operation.type !== 'control' || (operation.setup.bmRequestType & DEVICE_TO_HOST) === 0) return;
    if (data.byteLength > LARGEST_ANSWER) return;
    const key = keyOf(operation.setup);
    const known = this.#answers.get(key);
    // Hosts ask for the head of a descriptor, and then for all of it.
    if (known !== undefined && known.byteLength > data.byteLength) return;
    if (this.#answers.size < MAXIMUM_ANSWERS || known !== undefined) this.#answers.set(key, new Uint8Array(data));
  }

  /** The answer of an idle device. Interrupt IN has none. */
  answer(operation: UsbOperation): UsbResult {
    switch (operation.type) {
      case 'control': {
        this.#settings.note(operation);
        if ((operation.setup.bmRequestType & DEVICE_TO_HOST) === 0) {
          return resultOf('completed', NO_BYTES, operation.data.byteLength);
        }
        const { bmRequestType, bRequest, wLength } = operation.setup;
        const isStatus = bRequest === GET_STATUS && (bmRequestType & RequestType.typeMask) === RequestType.standard;
        const known = isStatus ? NO_STATUS : this.#answers.get(keyOf(operation.setup));
        return known === undefined ? resultOf('stalled') : resultOf('completed', known.slice(0, wLength));
      }
      case 'transferOut':
        return resultOf('completed', NO_BYTES, operation.data.byteLength);
      case 'setConfiguration':
      case 'setInterface':
        this.#settings.note(operation);
        return resultOf('completed');
      case 'clearHalt':
      case 'resetEndpoint':
      case 'abortEndpoint':
      case 'resetDevice':
        return resultOf('completed');
      case 'transferIn':
      case 'isochronousIn':
      case 'isochronousOut':
      case 'cyclePort':
      case 'queryBus':
        return resultOf('notSupported');
    }
  }

  /** What sets a fresh device as the host left it. */
  get settings(): readonly UsbOperation[] {
    return this.#settings.operations;
  }

  /** Whether reports begin with the number of their kind. */
  get hasReportIds(): boolean {
    for (const [key, bytes] of this.#answers) {
      const [bmRequestType, bRequest, wValue = 0] = key.split(' ').map(Number);
      const isReportDescriptor = bmRequestType === INTERFACE_IN && bRequest === GET_DESCRIPTOR;
      if (isReportDescriptor && wValue >> 8 === REPORT_DESCRIPTOR && hasReportId(bytes)) return true;
    }
    return false;
  }
}

/** Requests for what a host may ask of an idle HID device: its descriptors, also those of its reports, and its names. */
export function questionsAbout({
  deviceDescriptor,
  configurationDescriptors,
  configurations,
}: Pick<UsbDevice, 'deviceDescriptor' | 'configurationDescriptors' | 'configurations'>): readonly UsbOperation[] {
  const get = (type: number, index: number, language = 0) =>
    getDescriptor(type, index, LARGEST_ANSWER, QUESTION_TIMEOUT, language);
  const names = [...deviceDescriptor.subarray(FIRST_NAME_OFFSET, FIRST_NAME_OFFSET + 3)].filter((index) => index !== 0);
  const interfaces = new Set(configurations.flatMap((each) => each.interfaces.map((one) => one.interfaceNumber)));
  return [
    get(DescriptorType.DEVICE, 0),
    ...configurationDescriptors.map((_, index) => get(DescriptorType.CONFIGURATION, index)),
    ...(names.length === 0 ? [] : [get(DescriptorType.STRING, 0)]),
    ...names.map((index) => get(DescriptorType.STRING, index, ENGLISH)),
    ...[...interfaces].map((number): UsbOperation => {
      const setup = { bmRequestType: INTERFACE_IN, bRequest: GET_DESCRIPTOR, wValue: REPORT_DESCRIPTOR << 8 };
      return {
        type: 'control',
        setup: { ...setup, wIndex: number, wLength: LARGEST_ANSWER },
        data: NO_BYTES,
        timeout: QUESTION_TIMEOUT,
      };
    }),
  ];
}

function keyOf({ bmRequestType, bRequest, wValue, wIndex }: SetupPacket): string {
  return [bmRequestType, bRequest, wValue, wIndex].join(' ');
}

function hasReportId(descriptor: Uint8Array): boolean {
  let offset = 0;
  while (offset < descriptor.byteLength) {
    const item = descriptor[offset] ?? 0;
    if ((item & 0xfc) === REPORT_ID) return true;
    const size = item === LONG_ITEM ? 2 + (descriptor[offset + 1] ?? 0) : [0, 1, 2, 4][item & 3];
    offset += 1 + (size ?? 0);
  }
  return false;
}

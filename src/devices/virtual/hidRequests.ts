import { joinParts } from '../../../codecs/core/parts.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { RequestType, StandardRequest, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { interfaceDescriptor } from './classDescriptors.ts';

/** bRequest, [HID 1.11] 7.2. */
const HidRequest = { GET_REPORT: 1, GET_IDLE: 2, GET_PROTOCOL: 3, SET_REPORT: 9, SET_IDLE: 10, SET_PROTOCOL: 11 };
/** wValue's high byte in GET_REPORT and SET_REPORT, [HID 1.11] 7.2.1. */
const ReportType = { input: 1, output: 2 };
/** [HID 1.11] 7.2.5 */
const REPORT_PROTOCOL = 1;

/** A HID interface without report ids, as its requests see it. */
export interface HidInterface {
  readonly interfaceNumber: number;
  readonly reportDescriptor: Uint8Array;
  /** The input report of this moment. */
  inputReport(): Uint8Array;
  /** Undefined: there is no output report. */
  readonly outputReport?: {
    get(): Uint8Array;
    /** False refuses it. */
    set(report: Uint8Array): boolean;
  };
}

/**
 * The requests of a HID interface, [HID 1.11] 7. The idle rate is kept and told, but reports are not repeated: hosts that
 * want repetition (all of them) do it on their own.
 */
export class HidRequests {
  readonly #hid: HidInterface;
  #idleRate = 0;
  #protocol = REPORT_PROTOCOL;

  constructor(hid: HidInterface) {
    this.#hid = hid;
  }

  /** Whether reports are to have the form that a BIOS understands. */
  get isBootProtocol(): boolean {
    return this.#protocol !== REPORT_PROTOCOL;
  }

  reset(): void {
    this.#idleRate = 0;
    this.#protocol = REPORT_PROTOCOL;
  }

  /** Undefined stalls. */
  handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest, wValue, wIndex } = setup;
    if (wIndex !== this.#hid.interfaceNumber) return undefined;
    switch (bmRequestType) {
      case RequestType.directionIn | RequestType.interface:
        return bRequest === StandardRequest.GET_DESCRIPTOR ? this.#descriptor(wValue) : undefined;
      case RequestType.directionIn | RequestType.class | RequestType.interface:
        return this.#get(bRequest, wValue);
      case RequestType.class | RequestType.interface:
        return this.#set(bRequest, wValue, data) ? NO_BYTES : undefined;
      default:
        return undefined;
    }
  }

  #get(bRequest: number, wValue: number): Uint8Array | undefined {
    switch (bRequest) {
      case HidRequest.GET_REPORT:
        if (wValue >> 8 === ReportType.input) return this.#hid.inputReport();
        return wValue >> 8 === ReportType.output ? this.#hid.outputReport?.get() : undefined;
      case HidRequest.GET_IDLE:
        return Uint8Array.of(this.#idleRate);
      case HidRequest.GET_PROTOCOL:
        return Uint8Array.of(this.#protocol);
      default:
        return undefined;
    }
  }

  #set(bRequest: number, wValue: number, data: Uint8Array): boolean {
    switch (bRequest) {
      case HidRequest.SET_REPORT:
        return wValue >> 8 === ReportType.output && this.#hid.outputReport?.set(data) === true;
      case HidRequest.SET_IDLE:
        this.#idleRate = wValue >> 8;
        return true;
      case HidRequest.SET_PROTOCOL:
        if (wValue > REPORT_PROTOCOL) return false;
        this.#protocol = wValue;
        return true;
      default:
        return false;
    }
  }

  /** GET_DESCRIPTOR to the interface, [HID 1.11] 7.1.1. */
  #descriptor(wValue: number): Uint8Array | undefined {
    const { reportDescriptor } = this.#hid;
    if ((wValue & 0xff) !== 0) return undefined;
    if (wValue >> 8 === DescriptorType.REPORT) return reportDescriptor;
    return wValue >> 8 === DescriptorType.HID
      ? joinParts(encodeDescriptors([hidDescriptor(reportDescriptor)]))
      : undefined;
  }
}

/** Where a HID function has its place in a device. */
export interface HidPlace {
  readonly interfaceNumber: number;
  /** Of the interrupt IN endpoint. */
  readonly endpointAddress: number;
  /** bInterval of that endpoint. */
  readonly interval: number;
}

/** Class, subclass (1: boot) and protocol of HID interfaces. */
const HID_CODES = { keyboard: [3, 1, 1], mouse: [3, 1, 2], buttons: [3, 0, 0] } as const;

/** The descriptors of an interface with one interrupt IN endpoint, [HID 1.11] appendix B and E. */
export function hidInterface(
  { interfaceNumber, endpointAddress, interval }: HidPlace,
  kind: keyof typeof HID_CODES,
  reportDescriptor: Uint8Array,
): UsbDescriptor[] {
  return [
    interfaceDescriptor(interfaceNumber, 0, 1, HID_CODES[kind]),
    hidDescriptor(reportDescriptor),
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: endpointAddress,
      bmAttributes: 3,
      wMaxPacketSize: 8,
      bInterval: interval,
    },
  ];
}

function hidDescriptor(reportDescriptor: Uint8Array): UsbDescriptor {
  const report = { bDescriptorType: DescriptorType.REPORT, wDescriptorLength: reportDescriptor.byteLength };
  return { name: 'HID_DESCRIPTOR', bcdHID: 0x0111, bCountryCode: 0, descriptors: [report] };
}

import { RequestType, type SetupPacket, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import type { TsUrbOsFeatureDescriptorRequest } from '../../../codecs/urbdrc/tsUrb/controlUrbs.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { NO_BYTES } from '../../usb/results.ts';
import type { TransferRequest } from '../exchange.ts';
import { completeIn, completeWith, controlInResult, fail, Refusal, type UrbStep } from './completions.ts';
import { type HostRequest, transferIn } from './hostRequest.ts';

/** Microsoft OS string descriptor: where it is and what it says. */
const OS_STRING = { wValue: 0x03ee, size: 18, type: 3, vendorCodeOffset: 16 } as const;
/** `MSFT100` in UTF-16, from offset 2 on. */
const OS_SIGNATURE = [0x4d, 0, 0x53, 0, 0x46, 0, 0x54, 0, 0x31, 0, 0x30, 0, 0x30, 0];
/** Indexes of the feature descriptors that there are: extended compat id, extended properties. */
const FEATURES: readonly number[] = [4, 5];

const VENDOR_IN = RequestType.directionIn | RequestType.vendor;

/** GET_MS_FEATURE_DESCRIPTOR, [MS-RDPEUSB] 3.3.5.3.9: read the vendor code, then make the vendor request with it. */
export function osFeatureDescriptor(urb: TsUrbOsFeatureDescriptorRequest, request: TransferRequest): UrbStep {
  if (request.outputBufferSize > 0xffff) return fail(urb, Refusal.invalidParameter);
  const osString = {
    bmRequestType: RequestType.directionIn,
    bRequest: StandardRequest.GET_DESCRIPTOR,
    wValue: OS_STRING.wValue,
    wIndex: 0,
    wLength: OS_STRING.size,
  };
  return {
    type: 'submit',
    operation: { type: 'control', setup: osString, data: NO_BYTES, timeout: 0 },
    next: (answer) => {
      if (answer.status !== 'completed') return completeWith({ ...answer, data: NO_BYTES });
      const vendorCode = vendorCodeOf(answer.data);
      if (vendorCode === undefined) return fail(urb, Refusal.notSupported);
      return featureDescriptor(urb, vendorCode, request.outputBufferSize);
    },
  };
}

function featureDescriptor(urb: TsUrbOsFeatureDescriptorRequest, vendorCode: number, wLength: number): UrbStep {
  const setup = {
    bmRequestType: VENDOR_IN | urb.recipient,
    bRequest: vendorCode,
    wValue: (urb.interfaceNumber << 8) | urb.msPageIndex,
    wIndex: urb.msFeatureDescriptorIndex,
    wLength,
  };
  return {
    type: 'submit',
    operation: { type: 'control', setup, data: NO_BYTES, timeout: 0 },
    next: (result) => completeIn(result, wLength, true),
  };
}

/**
 * The server's half: a program (or the kernel above it) reads string 0xEE as any other and then makes the vendor request
 * that it tells of. From the string on, that request is known for what it is, and goes as the function that stands for
 * it. To the device alone: FreeRDP reads the string from the recipient of the request, and no interface has it
 * (docs/interop.md).
 */
export class HostOsDescriptors {
  #vendorCode: number | undefined;

  /** To be told of what a control IN brought. */
  learn({ bmRequestType, bRequest, wValue }: SetupPacket, data: Uint8Array): void {
    const isOsString =
      bmRequestType === RequestType.directionIn &&
      bRequest === StandardRequest.GET_DESCRIPTOR &&
      wValue === OS_STRING.wValue;
    if (isOsString) this.#vendorCode = vendorCodeOf(data);
  }

  /** GET_MS_FEATURE_DESCRIPTOR, [MS-RDPEUSB] 2.2.9.15, where the control request is one for such a descriptor. */
  request({ bmRequestType, bRequest, wValue, wIndex, wLength }: SetupPacket): HostRequest | undefined {
    const isToDevice = bmRequestType === (VENDOR_IN | RequestType.device);
    if (!isToDevice || bRequest !== this.#vendorCode || !FEATURES.includes(wIndex)) return undefined;
    return transferIn(
      {
        name: 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST',
        urbFunction: UrbFunction.URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR,
        recipient: RequestType.device,
        interfaceNumber: wValue >> 8,
        msPageIndex: wValue & 0xff,
        msFeatureDescriptorIndex: wIndex,
      },
      wLength,
      controlInResult,
    );
  }
}

function vendorCodeOf(osString: Uint8Array): number | undefined {
  const signed = OS_SIGNATURE.every((byte, index) => osString[2 + index] === byte);
  return signed && osString[1] === OS_STRING.type ? osString[OS_STRING.vendorCodeOffset] : undefined;
}

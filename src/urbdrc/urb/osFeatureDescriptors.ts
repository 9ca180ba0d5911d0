import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { OS_STRING_INDEX, OS_STRING_SIZE, osVendorCode } from '../../../codecs/usb/osStringDescriptor.ts';
import { RequestType, type SetupPacket, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import type { TsUrbOsFeatureDescriptorRequest } from '../../../codecs/urbdrc/tsUrb/controlUrbs.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { NO_BYTES } from '../../usb/results.ts';
import type { TransferRequest } from '../exchange.ts';
import { completeIn, completeWith, controlInResult, fail, Refusal, type UrbStep } from './completions.ts';
import { type HostRequest, transferIn } from './hostRequest.ts';

/** wValue that reads the Microsoft OS string descriptor. */
const OS_STRING = (DescriptorType.STRING << 8) | OS_STRING_INDEX;
/** Indexes of the feature descriptors that there are: extended compat id, extended properties. */
const FEATURES: readonly number[] = [4, 5];

const VENDOR_IN = RequestType.directionIn | RequestType.vendor;

/** GET_MS_FEATURE_DESCRIPTOR, [MS-RDPEUSB] 3.3.5.3.9: read the vendor code, then make the vendor request with it. */
export function osFeatureDescriptor(urb: TsUrbOsFeatureDescriptorRequest, request: TransferRequest): UrbStep {
  if (request.outputBufferSize > 0xffff) return fail(urb, Refusal.invalidParameter);
  const osString = {
    bmRequestType: RequestType.directionIn,
    bRequest: StandardRequest.GET_DESCRIPTOR,
    wValue: OS_STRING,
    wIndex: 0,
    wLength: OS_STRING_SIZE,
  };
  return {
    type: 'submit',
    operation: { type: 'control', setup: osString, data: NO_BYTES, timeout: 0 },
    next: (answer) => {
      if (answer.status !== 'completed') return completeWith({ ...answer, data: NO_BYTES });
      const vendorCode = osVendorCode(answer.data);
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
      bmRequestType === RequestType.directionIn && bRequest === StandardRequest.GET_DESCRIPTOR && wValue === OS_STRING;
    if (isOsString) this.#vendorCode = osVendorCode(data);
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

import { DecodeError } from '../../../codecs/core/errors.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  InternalIoControlCode,
  IoControlCode,
  PortStatus,
  UlongOutput,
  UsbBusNotification,
  UsbHubName,
} from '../../../codecs/urbdrc/ioControl.ts';
import { UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbBusAnswer, UsbBusQuery, UsbResult } from '../../ports/usb.ts';
import { resultOf } from '../../usb/results.ts';
import type { IoControlRequest } from '../exchange.ts';
import { statusOf } from './completions.ts';
import { type HostRequest, transferIn } from './hostRequest.ts';
import { usbStatusOfHresult } from './status.ts';

const ULONG_SIZE = 4;
const BUS_NOTIFICATION_SIZE = 16;
/** Room for a name: Windows's symbolic names of hubs and controllers have about 60 characters. */
const NAME_SIZE = 512;

/** The IO control that asks `query`: code, carrier, room for the answer. */
const IO_CONTROLS: Readonly<
  Record<Exclude<UsbBusQuery, 'frameNumber'>, Pick<IoControlRequest, 'ioControlCode' | 'internal' | 'outputBufferSize'>>
> = {
  busTime: {
    ioControlCode: InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME,
    internal: true,
    outputBufferSize: ULONG_SIZE,
  },
  portStatus: {
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS,
    internal: false,
    outputBufferSize: ULONG_SIZE,
  },
  hubCount: {
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT,
    internal: false,
    outputBufferSize: ULONG_SIZE,
  },
  hubName: {
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME,
    internal: false,
    outputBufferSize: NAME_SIZE,
  },
  controllerName: {
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME,
    internal: false,
    outputBufferSize: NAME_SIZE,
  },
  busInformation: {
    ioControlCode: IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO,
    internal: false,
    outputBufferSize: BUS_NOTIFICATION_SIZE,
  },
};

/** GET_CURRENT_FRAME_NUMBER, [MS-RDPEUSB] 2.2.9.5, or the IO control for the query, 2.2.12 and 2.2.13. */
export function busQueryRequest(query: UsbBusQuery): HostRequest {
  if (query === 'frameNumber') {
    const urbFunction = UrbFunction.URB_FUNCTION_GET_CURRENT_FRAME_NUMBER;
    return transferIn({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', urbFunction }, 0, (completion) => {
      const status = statusOf(completion);
      const { tsUrbResult } = completion;
      if (status !== 'completed') return resultOf(status);
      if (tsUrbResult.name !== 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT') return resultOf('failed');
      return answered({ query, frameNumber: tsUrbResult.frameNumber });
    });
  }
  return {
    type: 'ioControl',
    ...IO_CONTROLS[query],
    finish: ({ hResult, outputBuffer }) => {
      const status = usbStatusOfHresult(hResult);
      if (status !== 'completed') return resultOf(status);
      try {
        return answered(answerIn(query, outputBuffer));
      } catch (error) {
        // FreeRDP may say that it succeeded, and give nothing (docs/interop.md).
        if (error instanceof DecodeError) return resultOf('failed');
        throw error;
      }
    },
  };
}

/** @throws DecodeError when it is not what the query asks for */
function answerIn(query: Exclude<UsbBusQuery, 'frameNumber'>, output: Uint8Array): UsbBusAnswer {
  const reader = new Reader(output, query, UlongOutput.spec, { lenient: true });
  switch (query) {
    case 'busTime':
      return { query, frameNumber: UlongOutput.decode(reader) };
    case 'portStatus': {
      const bits = UlongOutput.decode(reader);
      const isConnected = (bits & PortStatus.USBD_PORT_CONNECTED) !== 0;
      return { query, isConnected, isEnabled: (bits & PortStatus.USBD_PORT_ENABLED) !== 0 };
    }
    case 'hubCount':
      return { query, hubCount: UlongOutput.decode(reader) };
    case 'hubName':
    case 'controllerName':
      return { query, name: UsbHubName.decode(reader).hubName };
    case 'busInformation': {
      const { totalBandwidth, consumedBandwidth, controllerNameLength } = UsbBusNotification.decode(reader);
      return { query, totalBandwidth, consumedBandwidth, controllerNameLength };
    }
  }
}

function answered(busAnswer: UsbBusAnswer): UsbResult {
  return { ...resultOf('completed'), busAnswer };
}

import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TransferFlags, urbFunctionInfo } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { type ControlUrb, operationOf, refusalOf, setupPacketOf, shortTransferOk, timeoutOf } from './controlSteps.ts';
import { busAnswerOf, type BusFacts } from './busQueries.ts';
import { osFeatureDescriptor } from './osFeatureDescriptors.ts';
import { PipeTable } from './pipeTable.ts';
import { findSetting, selectConfiguration, selectInterface } from './selectSteps.ts';
import { statusPair } from './status.ts';
import { bulkOrInterrupt, isochronous, pipeRequest } from './transferSteps.ts';
import {
  complete,
  completeIn,
  completeWith,
  fail,
  NO_BYTES,
  Refusal,
  type UrbRequest,
  type UrbStep,
} from './urbStep.ts';

export type { UrbCompletionValue, UrbRequest, UrbStep } from './urbStep.ts';

/**
 * The client's translation, [MS-RDPEUSB] 3.3.5.3: each TS_URB becomes operations on the device and, in the end, one
 * completion. Every function gets an answer, those that are not supported too. Keeps the device's handles.
 */
export class DeviceUrbs {
  readonly #configurations: readonly Configuration[];
  readonly #table = new PipeTable();

  /** @param configurations - those of the device that can be selected */
  constructor(configurations: readonly Configuration[]) {
    this.#configurations = configurations;
  }

  /** The first step for a request. */
  translate(request: UrbRequest, facts: BusFacts): UrbStep {
    const { tsUrb } = request;
    const carrier = carrierOf(tsUrb);
    if (carrier === undefined) return fail(tsUrb, Refusal.unknownFunction);
    if (carrier !== request.direction) return fail(tsUrb, Refusal.invalidParameter);
    switch (tsUrb.name) {
      case 'TS_URB_SELECT_CONFIGURATION':
        return selectConfiguration(tsUrb, this.#configurations, this.#table);
      case 'TS_URB_SELECT_INTERFACE':
        return selectInterface(tsUrb, this.#table);
      case 'TS_URB_PIPE_REQUEST':
        return pipeRequest(tsUrb, this.#table.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
        return currentFrameNumber(tsUrb, facts);
      case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
        return bulkOrInterrupt(tsUrb, request, this.#table.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_ISOCH_TRANSFER':
        return isochronous(tsUrb, request, this.#table.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
        return osFeatureDescriptor(tsUrb, request);
      case 'TS_URB_CONTROL_TRANSFER':
      case 'TS_URB_CONTROL_TRANSFER_EX': {
        const isDefaultPipe = (tsUrb.transferFlags & TransferFlags.USBD_DEFAULT_PIPE_TRANSFER) !== 0;
        if (!isDefaultPipe && tsUrb.pipeHandle !== 0) return fail(tsUrb, this.#otherControlPipe(tsUrb.pipeHandle));
        return this.#control(tsUrb, request);
      }
      case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      case 'TS_URB_CONTROL_FEATURE_REQUEST':
      case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
      case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
        return this.#control(tsUrb, request);
      case 'TS_URB_UNKNOWN':
        return fail(tsUrb, Refusal.unknownFunction);
    }
  }

  /** No operation reaches control endpoints other than 0; other endpoints take no control transfers. */
  #otherControlPipe(pipeHandle: number) {
    const endpoint = this.#table.endpoint(pipeHandle);
    if (endpoint === undefined) return Refusal.invalidPipeHandle;
    return endpoint.transferType === 'control' ? Refusal.notSupported : Refusal.invalidParameter;
  }

  #control(urb: ControlUrb, request: UrbRequest): UrbStep {
    const setup = setupPacketOf(urb, request.direction, request.outputBufferSize);
    const refusal = refusalOf(urb, setup, request);
    if (refusal !== undefined) return fail(urb, refusal);
    const data = request.direction === 'out' ? request.outputBuffer : NO_BYTES;
    const operation = operationOf(setup, data, timeoutOf(urb));
    if (operation === undefined) return fail(urb, Refusal.notSupported);
    return {
      type: 'submit',
      operation,
      next: (result) => {
        this.#note(operation, result);
        return request.direction === 'in' && setup.wLength > 0
          ? completeIn(result, setup.wLength, shortTransferOk(urb))
          : completeWith(result);
      },
    };
  }

  /** SET_CONFIGURATION and SET_INTERFACE that came as control transfers also change what the handles mean. */
  #note(operation: UsbOperation, { status }: UsbResult): void {
    if (status !== 'completed') return;
    if (operation.type === 'setConfiguration') {
      const { configurationValue } = operation;
      const configuration = this.#configurations.find((each) => each.configurationValue === configurationValue);
      if (configuration === undefined) this.#table.unconfigure();
      else this.#table.configurationWasSet(configuration);
    } else if (operation.type === 'setInterface' && this.#table.configuration !== undefined) {
      const setting = findSetting(this.#table.configuration, operation);
      this.#table.interfaceWasSet(operation.interfaceNumber, setting);
    }
  }
}

/** GET_CURRENT_FRAME_NUMBER, [MS-RDPEUSB] 2.2.9.5. */
function currentFrameNumber(tsUrb: TsUrb, facts: BusFacts): UrbStep {
  return {
    type: 'submit',
    operation: { type: 'queryBus', query: 'frameNumber' },
    next: (result) => {
      const answer = busAnswerOf('frameNumber', result, facts);
      if (answer?.query !== 'frameNumber') return fail(tsUrb, statusPair(result.status));
      const { frameNumber } = answer;
      return complete({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT', usbdStatus: 0, frameNumber }, Hresult.S_OK);
    },
  };
}

/** The message that must carry this TS_URB; undefined for functions that are not part of the protocol. */
function carrierOf(tsUrb: TsUrb): 'in' | 'out' | undefined {
  const carrier = urbFunctionInfo(tsUrb.urbFunction)?.carrier;
  if (carrier !== 'flag') return carrier;
  const flags = 'transferFlags' in tsUrb ? tsUrb.transferFlags : 0;
  return (flags & TransferFlags.USBD_TRANSFER_DIRECTION_IN) === 0 ? 'out' : 'in';
}

import { IoControlCode } from '../../../codecs/urbdrc/ioControl.ts';
import { TransferFlags, UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';
import type { TransferCompletion } from '../exchange.ts';
import { RecognisedPeer } from '../peers/recognisedPeer.ts';
import { inResult, outResult, plainResult } from './completions.ts';
import { HostHandles } from './handles.ts';
import { busQueryRequest } from './hostBusQueries.ts';
import { controlRequest } from './hostControl.ts';
import { isochronousRequest } from './hostIsochronous.ts';
import { type HostRequest, refused, transferIn } from './hostRequest.ts';
import { configurationRequest, interfaceRequest } from './hostSelection.ts';
import { HostOsDescriptors } from './osFeatureDescriptors.ts';
import { usbStatusOfHresult } from './status.ts';

export type { HostIoControl, HostRequest, HostTransfer } from './hostRequest.ts';

const BULK_IN_FLAGS = TransferFlags.USBD_TRANSFER_DIRECTION_IN | TransferFlags.USBD_SHORT_TRANSFER_OK;

/**
 * The server's translation, [MS-RDPEUSB] 3.2.5.3: a USB operation becomes a TS_URB or an IO control, and its completion
 * the operation's result. Learns the client's handles from the results of selections, and speaks so that Windows and
 * FreeRDP both understand (docs/interop.md).
 */
export class HostUrbs {
  #handles = new HostHandles([]);
  readonly #osDescriptors = new HostOsDescriptors();
  readonly #peer: RecognisedPeer;
  #configurations: readonly Configuration[] = [];
  #mayUseNoAck = false;

  /** @param peer what the client is. */
  constructor(peer = new RecognisedPeer()) {
    this.#peer = peer;
  }

  /**
   * The configurations of the device. Before this call none can be selected, because SELECT_CONFIGURATION carries the
   * descriptor.
   */
  setConfigurations(configurations: readonly Configuration[]): void {
    this.#configurations = configurations;
    this.#handles = new HostHandles(configurations);
  }

  /** Whether the device's client announced a jitter buffer, [MS-RDPEUSB] 2.2.11: without one all writes are answered. */
  allowNoAck(allowed: boolean): void {
    this.#mayUseNoAck = allowed;
  }

  /** What to send for `operation`. */
  request(operation: UsbOperation): HostRequest {
    switch (operation.type) {
      case 'control': {
        const special = stateRequestOf(operation.setup);
        // Clearing a halt needs the pipe's handle; without one the plain request is the best there is.
        const canBeSpecial =
          special?.type !== 'clearHalt' || this.#handles.pipeHandle(special.endpointAddress) !== undefined;
        if (special !== undefined && canBeSpecial) return this.request(special);
        return this.#control(operation.setup, operation.data);
      }
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
        return this.#transfer(operation);
      case 'setConfiguration':
        return configurationRequest(operation.configurationValue, this.#configurations, this.#handles);
      case 'setInterface':
        return interfaceRequest(operation, this.#handles);
      case 'clearHalt':
        return this.#pipe(UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL, operation.endpointAddress);
      case 'resetEndpoint':
        return this.#pipe(UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE, operation.endpointAddress);
      case 'abortEndpoint':
        return this.#pipe(UrbFunction.URB_FUNCTION_ABORT_PIPE, operation.endpointAddress);
      case 'resetDevice':
        return this.#portControl(IoControlCode.IOCTL_INTERNAL_USB_RESET_PORT);
      case 'cyclePort':
        return this.#portControl(IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT);
      case 'queryBus':
        return busQueryRequest(operation.query);
    }
  }

  #control(setup: SetupPacket, data: Uint8Array): HostRequest {
    const request = this.#osDescriptors.request(setup) ?? controlRequest(setup, data);
    if (request.type !== 'transfer') return request;
    return {
      ...request,
      finish: (completion: TransferCompletion) => {
        const result = request.finish(completion);
        this.#osDescriptors.learn(setup, result.data);
        return result;
      },
    };
  }

  /** Of bulk and interrupt transfers there are most by far, so these are written out. */
  #transfer(
    operation: Extract<UsbOperation, { type: 'transferIn' | 'transferOut' | 'isochronousIn' | 'isochronousOut' }>,
  ): HostRequest {
    const pipeHandle = this.#handles.pipeHandle(operation.endpointAddress);
    if (pipeHandle === undefined) return refused('notFound');
    if (operation.type !== 'transferIn' && operation.type !== 'transferOut') {
      return isochronousRequest(operation, pipeHandle, this.#mayUseNoAck);
    }
    const isIn = operation.type === 'transferIn';
    return {
      type: 'transfer',
      direction: isIn ? 'in' : 'out',
      tsUrb: {
        name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
        urbFunction: UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER,
        requestId: 0,
        noAck: false,
        pipeHandle,
        transferFlags: isIn ? BULK_IN_FLAGS : 0,
      },
      outputBuffer: isIn ? NO_BYTES : operation.data,
      outputBufferSize: isIn ? operation.length : operation.data.byteLength,
      finish: isIn ? inResult : outResult,
    };
  }

  #pipe(urbFunction: number, endpointAddress: number): HostRequest {
    const pipeHandle = this.#handles.pipeHandle(endpointAddress);
    if (pipeHandle === undefined) return refused('notFound');
    const { pipeRequestOutputBufferSize: size } = this.#peer.settings;
    return transferIn({ name: 'TS_URB_PIPE_REQUEST', urbFunction, pipeHandle }, size, plainResult);
  }

  #portControl(code: number): HostRequest {
    if (this.#peer.settings.portControls === 'refused') return refused('notSupported');
    return {
      type: 'ioControl',
      ioControlCode: code,
      internal: false,
      outputBufferSize: 0,
      finish: ({ hResult }) => resultOf(usbStatusOfHresult(hResult)),
    };
  }
}

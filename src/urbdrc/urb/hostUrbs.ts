import { IoControlCode } from '../../../codecs/urbdrc/ioControl.ts';
import { TransferFlags, UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { Peer } from '../peers/peer.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { busQueryRequest } from './hostBusQueries.ts';
import { controlRequest } from './hostControl.ts';
import { isochronousRequest } from './hostIsochronous.ts';
import {
  type HostRequest,
  inResult,
  outResult,
  plainResult,
  refused,
  resultOf,
  statusOf,
  transferIn,
  transferOut,
} from './hostRequest.ts';
import { HostSelection, initialInterfaces, interfaceInformation } from './hostSelection.ts';
import { HostOsDescriptors } from './osFeatureDescriptors.ts';
import { findSetting } from './selectSteps.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import { usbStatusOfHresult } from './status.ts';
import { NO_BYTES, type UrbCompletionValue } from './urbStep.ts';

export type { HostIoControl, HostRequest, HostTransfer } from './hostRequest.ts';

const BULK_IN_FLAGS = TransferFlags.USBD_TRANSFER_DIRECTION_IN | TransferFlags.USBD_SHORT_TRANSFER_OK;

/**
 * The server's translation, [MS-RDPEUSB] 3.2.5.3: a USB operation becomes a TS_URB or an IO control, and its completion
 * the operation's result. Learns the client's handles from the results of selections, and speaks so that Windows and
 * FreeRDP both understand (docs/interop.md).
 */
export class HostUrbs {
  readonly #selection = new HostSelection();
  readonly #osDescriptors = new HostOsDescriptors();
  readonly #peer: Peer;
  #configurations: readonly Configuration[] = [];
  #mayUseNoAck = false;

  /** @param peer what the client is. */
  constructor(peer = new Peer()) {
    this.#peer = peer;
  }

  /**
   * The configurations of the device. Before this call none can be selected, because SELECT_CONFIGURATION carries the
   * descriptor.
   */
  setConfigurations(configurations: readonly Configuration[]): void {
    this.#configurations = configurations;
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
          special?.type !== 'clearHalt' || this.#selection.pipeHandle(special.endpointAddress) !== undefined;
        if (special !== undefined && canBeSpecial) return this.request(special);
        return this.#control(operation.setup, operation.data);
      }
      case 'transferIn':
      case 'transferOut':
      case 'isochronousIn':
      case 'isochronousOut':
        return this.#transfer(operation);
      case 'setConfiguration':
        return this.#setConfiguration(operation.configurationValue);
      case 'setInterface':
        return this.#setInterface(operation);
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
      finish: (completion: UrbCompletionValue) => {
        const result = request.finish(completion);
        this.#osDescriptors.learn(setup, result.data);
        return result;
      },
    };
  }

  #transfer(
    operation: Extract<UsbOperation, { type: 'transferIn' | 'transferOut' | 'isochronousIn' | 'isochronousOut' }>,
  ): HostRequest {
    const pipeHandle = this.#selection.pipeHandle(operation.endpointAddress);
    if (pipeHandle === undefined) return refused('notFound');
    const urbFunction = UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER;
    const name = 'TS_URB_BULK_OR_INTERRUPT_TRANSFER';
    switch (operation.type) {
      case 'transferIn':
        return transferIn({ name, urbFunction, pipeHandle, transferFlags: BULK_IN_FLAGS }, operation.length, inResult);
      case 'transferOut':
        return transferOut({ name, urbFunction, pipeHandle, transferFlags: 0 }, operation.data, outResult);
      case 'isochronousIn':
      case 'isochronousOut':
        return isochronousRequest(operation, pipeHandle, this.#mayUseNoAck);
    }
  }

  #pipe(urbFunction: number, endpointAddress: number): HostRequest {
    const pipeHandle = this.#selection.pipeHandle(endpointAddress);
    if (pipeHandle === undefined) return refused('notFound');
    const { pipeRequestOutputBufferSize: size } = this.#peer.settings;
    return transferIn({ name: 'TS_URB_PIPE_REQUEST', urbFunction, pipeHandle }, size, plainResult);
  }

  #portControl(code: number): HostRequest {
    if (this.#peer.settings.portControls === 'refused') return refused('notSupported');
    return {
      type: 'ioControl',
      code,
      internal: false,
      outputBufferSize: 0,
      finish: ({ hResult }) => resultOf(usbStatusOfHresult(hResult), NO_BYTES),
    };
  }

  #setConfiguration(value: number): HostRequest {
    const urbFunction = UrbFunction.URB_FUNCTION_SELECT_CONFIGURATION;
    const name = 'TS_URB_SELECT_CONFIGURATION';
    if (value === 0) {
      return transferIn({ name, urbFunction, interfaces: [] }, 0, (completion) => {
        const result = plainResult(completion);
        if (result.status === 'completed') this.#selection.clear();
        return result;
      });
    }
    const configuration = this.#configurations.find(({ configurationValue }) => configurationValue === value);
    if (configuration === undefined) return refused('notFound');
    const { descriptor: configurationDescriptor } = configuration;
    const interfaces = initialInterfaces(configuration);
    return transferIn({ name, urbFunction, interfaces, configurationDescriptor }, 0, (completion) => {
      const status = statusOf(completion);
      if (status !== 'completed') return resultOf(status);
      return resultOf(this.#selection.configured(configuration, completion.tsUrbResult) ? 'completed' : 'failed');
    });
  }

  #setInterface(wanted: { interfaceNumber: number; alternateSetting: number }): HostRequest {
    const { current } = this.#selection;
    if (current === undefined) return refused('invalidParameter');
    const setting = findSetting(current.configuration, wanted);
    if (setting === undefined) return refused('notFound');
    return transferIn(
      {
        name: 'TS_URB_SELECT_INTERFACE',
        urbFunction: UrbFunction.URB_FUNCTION_SELECT_INTERFACE,
        configurationHandle: current.handle,
        interface: interfaceInformation(setting),
      },
      0,
      (completion) => {
        const status = statusOf(completion);
        if (status !== 'completed') return resultOf(status);
        return resultOf(this.#selection.interfaceSelected(completion.tsUrbResult) ? 'completed' : 'failed');
      },
    );
  }
}

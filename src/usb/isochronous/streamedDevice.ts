import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbDevice, UsbOperation, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../activeConfiguration.ts';
import { type Complete, completeAtOnce } from '../results.ts';
import { WrappedDevice } from '../wrappedDevice.ts';
import { InStream } from './inStream.ts';
import { OutStream } from './outStream.ts';
import { packetPeriod, type StreamOptions } from './streamTiming.ts';

/**
 * A device whose isochronous endpoints outlast the delays of a network: IN is read ahead (`InStream`), OUT has a jitter
 * buffer (`OutStream`). What changes an endpoint ends its stream: a setting, an abort, a reset, the end of the device.
 * Feedback endpoints are not read ahead: an old pace is worth nothing.
 */
export class StreamedDevice extends WrappedDevice {
  readonly #options: StreamOptions;
  readonly #active: ActiveConfiguration;
  readonly #inStreams = new Map<number, InStream>();
  readonly #outStreams = new Map<number, OutStream>();

  constructor(device: UsbDevice, options: StreamOptions) {
    super(device);
    this.#options = options;
    this.#active = new ActiveConfiguration(device.configurations);
  }

  /** Ends the streams first. */
  override async close(): Promise<void> {
    this.#endAll('cancelled');
    await this.device.close();
  }

  /** Isochronous operations go through streams, all others to the device. */
  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'isochronousIn': {
        const endpoint = this.#active.likelyEndpoint(operation.endpointAddress);
        if (!isData(endpoint)) return this.device.submit(operation, complete);
        return this.#inStream(endpoint).submit(operation, complete);
      }
      case 'isochronousOut': {
        const endpoint = this.#active.likelyEndpoint(operation.endpointAddress);
        if (!isData(endpoint)) return this.device.submit(operation, complete);
        const total = operation.packetLengths.reduce((sum, length) => sum + length, 0);
        if (operation.data.byteLength !== total) return completeAtOnce('invalidParameter', complete);
        return this.#outStream(endpoint).submit(operation, complete);
      }
      case 'abortEndpoint':
      case 'clearHalt':
      case 'resetEndpoint':
        this.#inStreams.get(operation.endpointAddress)?.end('cancelled');
        this.#outStreams.get(operation.endpointAddress)?.end('cancelled');
        return this.device.submit(operation, complete);
      case 'setInterface':
        this.#endInterface(operation.interfaceNumber);
        return this.#change(operation, complete);
      case 'control': {
        const change = stateRequestOf(operation.setup);
        return change === undefined ? this.device.submit(operation, complete) : this.submit(change, complete);
      }
      case 'setConfiguration':
      case 'resetDevice':
      case 'cyclePort':
        this.#endAll('cancelled');
        return this.#change(operation, complete);
      case 'transferIn':
      case 'transferOut':
      case 'queryBus':
        return this.device.submit(operation, complete);
    }
  }

  #change(operation: UsbOperation, complete: Complete): UsbTransfer {
    return this.device.submit(operation, (result) => {
      if (result.status === 'completed') this.#active.note(operation);
      complete(result);
    });
  }

  #inStream(endpoint: EndpointSetting): InStream {
    const { endpointAddress } = endpoint;
    let stream = this.#inStreams.get(endpointAddress);
    if (stream === undefined) {
      stream = new InStream(this.device, endpointAddress, this.#period(endpoint), this.#options);
      this.#inStreams.set(endpointAddress, stream);
    }
    return stream;
  }

  #outStream(endpoint: EndpointSetting): OutStream {
    const { endpointAddress } = endpoint;
    let stream = this.#outStreams.get(endpointAddress);
    if (stream === undefined) {
      stream = new OutStream(this.device, endpointAddress, this.#period(endpoint), this.#options);
      this.#outStreams.set(endpointAddress, stream);
    }
    return stream;
  }

  #period(endpoint: EndpointSetting): number {
    return packetPeriod(this.identity.speed, endpoint);
  }

  /** The endpoints of any of its settings: the next setting may have another period for the same address. */
  #endInterface(interfaceNumber: number): void {
    const settings = this.configurations.flatMap(({ interfaces }) => interfaces);
    for (const { endpoints } of settings.filter((each) => each.interfaceNumber === interfaceNumber))
      for (const { endpointAddress } of endpoints) {
        this.#inStreams.get(endpointAddress)?.end('cancelled');
        this.#outStreams.get(endpointAddress)?.end('cancelled');
        this.#inStreams.delete(endpointAddress);
        this.#outStreams.delete(endpointAddress);
      }
  }

  #endAll(status: 'cancelled'): void {
    for (const stream of [...this.#inStreams.values(), ...this.#outStreams.values()]) stream.end(status);
    this.#inStreams.clear();
    this.#outStreams.clear();
  }
}

/** Isochronous, and of those one for data: bits 4 and 5 of bmAttributes tell, [USB 2.0] table 9-13. */
function isData(endpoint: EndpointSetting | undefined): endpoint is EndpointSetting {
  return endpoint?.transferType === 'isochronous' && (endpoint.attributes & 0x30) !== 0x10;
}

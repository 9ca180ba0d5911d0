import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { UsbDevice, UsbOperation, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../activeConfiguration.ts';
import { type Complete, completeAtOnce, resultOf } from '../results.ts';
import { WrappedDevice } from '../wrappedDevice.ts';
import { DirectStream } from './directStream.ts';
import { frameAt } from './frameTimeline.ts';
import { InStream } from './inStream.ts';
import { OutStream } from './outStream.ts';
import { packetPeriod, type StreamOptions } from './streamTiming.ts';

/**
 * A device whose isochronous endpoints outlast the delays of a network: IN is read ahead (`InStream`), OUT has a jitter
 * buffer (`OutStream`). What changes an endpoint ends its stream: a setting, an abort, a reset, the end of the device.
 * Feedback endpoints are not read ahead: an old pace is worth nothing. With a target of 0 nothing is.
 *
 * The device's platform starts every transfer as soon as it can. Here frames are counted by the clock: queries for the frame
 * number get it, StartFrame is kept by it, and results tell the frame.
 */
export class StreamedDevice extends WrappedDevice {
  readonly #options: StreamOptions;
  readonly #active: ActiveConfiguration;
  readonly #inStreams = new Map<number, InStream>();
  readonly #outStreams = new Map<number, OutStream>();
  readonly #directStreams = new Map<number, DirectStream>();

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
        if (endpoint?.transferType !== 'isochronous') return this.device.submit(operation, complete);
        if (!this.#isBuffered(endpoint)) return this.#directStream(endpoint).submit(operation, complete);
        return this.#inStream(endpoint).submit(operation, complete);
      }
      case 'isochronousOut': {
        const endpoint = this.#active.likelyEndpoint(operation.endpointAddress);
        if (endpoint?.transferType !== 'isochronous') return this.device.submit(operation, complete);
        if (!this.#isBuffered(endpoint)) return this.#directStream(endpoint).submit(operation, complete);
        const total = operation.packetLengths.reduce((sum, length) => sum + length, 0);
        if (operation.data.byteLength !== total) return completeAtOnce('invalidParameter', complete);
        return this.#outStream(endpoint).submit(operation, complete);
      }
      case 'abortEndpoint':
      case 'clearHalt':
      case 'resetEndpoint':
        for (const streams of this.#streams) streams.get(operation.endpointAddress)?.end('cancelled');
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
        return this.device.submit(operation, complete);
      case 'queryBus': {
        const { query } = operation;
        if (query !== 'frameNumber' && query !== 'busTime') return this.device.submit(operation, complete);
        const busAnswer = { query, frameNumber: frameAt(this.#options.clock.now()) };
        return completeAtOnce({ ...resultOf('completed'), busAnswer }, complete);
      }
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

  #directStream(endpoint: EndpointSetting): DirectStream {
    const { endpointAddress } = endpoint;
    let stream = this.#directStreams.get(endpointAddress);
    if (stream === undefined) {
      stream = new DirectStream(this.device, this.#period(endpoint), this.#options.clock);
      this.#directStreams.set(endpointAddress, stream);
    }
    return stream;
  }

  /** Bits 4 and 5 of bmAttributes tell what is for data, [USB 2.0] table 9-13. */
  #isBuffered({ attributes }: EndpointSetting): boolean {
    return this.#options.target > 0 && (attributes & 0x30) !== 0x10;
  }

  get #streams(): readonly Map<number, InStream | OutStream | DirectStream>[] {
    return [this.#inStreams, this.#outStreams, this.#directStreams];
  }

  #period(endpoint: EndpointSetting): number {
    return packetPeriod(this.identity.speed, endpoint);
  }

  /** The endpoints of any of its settings: the next setting may have another period for the same address. */
  #endInterface(interfaceNumber: number): void {
    const settings = this.configurations.flatMap(({ interfaces }) => interfaces);
    for (const { endpoints } of settings.filter((each) => each.interfaceNumber === interfaceNumber))
      for (const { endpointAddress } of endpoints)
        for (const streams of this.#streams) {
          streams.get(endpointAddress)?.end('cancelled');
          streams.delete(endpointAddress);
        }
  }

  #endAll(status: 'cancelled'): void {
    for (const streams of this.#streams) {
      for (const stream of streams.values()) stream.end(status);
      streams.clear();
    }
  }
}

import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import { BufferLoopback } from './bufferLoopback.ts';
import {
  describeGadgetZero,
  GADGET_PACKET_SIZES,
  GadgetConfiguration,
  GadgetEndpoint,
} from './gadgetZeroDescriptors.ts';
import type { OutAnswer } from './outEndpoint.ts';
import { VirtualDevice } from './virtualDevice.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Options of {@link GadgetZero}. */
export interface GadgetZeroOptions {
  /** Time for the isochronous endpoints; without it they answer `notSupported`. */
  readonly clock?: Clock;
  /** Default `high`. */
  readonly speed?: 'full' | 'high';
  /**
   * Pattern that the source sends and the sink expects, numbered as in Linux's g_zero and usbtest: 0 zeros, 1 the place in the
   * packet modulo 63, 2 zeros of which the sink accepts anything. Default 0.
   */
  readonly pattern?: 0 | 1 | 2;
  /** Loopback is the first configuration instead of source and sink (g_zero's `loopdefault`). Default false. */
  readonly loopbackFirst?: boolean;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
}

/** Bytes in a buffer of the bulk endpoints. */
const BUFFER_SIZE = 4096;
/** Buffers of loopback. */
const QUEUE_LENGTH = 32;
/** bRequest: fills and returns a buffer, as Intel's USB 2.0 compliance test device does. */
const ControlTest = { write: 0x5b, read: 0x5c };
const CONTROL_BUFFER_SIZE = 4096;

/**
 * Linux's gadget zero, 0525:a4a0, against which its usbtest driver tests hosts. Configuration 3 is source and sink: bulk IN
 * and OUT, and with alternate setting 1 an isochronous pair too, of which IN never ends and OUT is halted by a byte that
 * does not fit the pattern. Configuration 2 is loopback, through buffers of 4096 bytes.
 */
export class GadgetZero extends VirtualDevice {
  readonly #pattern: 0 | 1 | 2;
  readonly #packetSizes: (typeof GADGET_PACKET_SIZES)['high'];
  readonly #loopback: BufferLoopback;
  readonly #controlBuffer = new Uint8Array(CONTROL_BUFFER_SIZE);
  #sunkBytes = 0;
  #sunkPackets = 0;

  constructor(options: GadgetZeroOptions = {}) {
    const { speed = 'high', manufacturerName = 'urbdrc', loopbackFirst = false, pattern = 0 } = options;
    super(describeGadgetZero(speed, { manufacturerName, loopbackFirst }), options.clock);
    this.#pattern = pattern;
    this.#packetSizes = GADGET_PACKET_SIZES[speed];
    this.#loopback = new BufferLoopback(this.endpoints, {
      endpointOut: GadgetEndpoint.bulkOut,
      endpointIn: GadgetEndpoint.bulkIn,
      packetSize: this.#packetSizes.bulk,
      bufferSize: BUFFER_SIZE,
      buffers: QUEUE_LENGTH,
    });
  }

  /** Bytes that the sink took, bulk and isochronous, since the device was configured. */
  get sunkBytes(): number {
    return this.#sunkBytes;
  }

  /** Isochronous packets that the sink took since the device was configured. */
  get sunkPackets(): number {
    return this.#sunkPackets;
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest, wValue, wIndex, wLength } = setup;
    const fits = this.#isSourceSink && wValue === 0 && wIndex === 0 && wLength <= CONTROL_BUFFER_SIZE;
    if (!fits) return undefined;
    const vendor = RequestType.vendor | RequestType.device;
    if (bmRequestType === (vendor | RequestType.directionIn)) {
      return bRequest === ControlTest.read ? this.#controlBuffer : undefined;
    }
    if (bmRequestType !== vendor || bRequest !== ControlTest.write) return undefined;
    this.#controlBuffer.set(data);
    return NO_BYTES;
  }

  protected override handleOut(_endpointAddress: number, data: Uint8Array): OutAnswer {
    if (!this.#isSourceSink) return this.#loopback.receive(data);
    this.#sunkBytes += data.byteLength;
    if (this.#fitsPattern(data)) return { type: 'accepted' };
    return { type: 'accepted', after: () => this.endpoints.stall(GadgetEndpoint.bulkOut) };
  }

  protected override drained(): void {
    if (this.#isSourceSink) this.#sendSource();
    else this.#loopback.drained();
  }

  protected override sendIsochronous(): Uint8Array {
    return this.#source(this.#packetSizes.isochronous, this.#packetSizes.isochronous);
  }

  /** The pattern of isochronous packets is not looked at: any of them may be lost. */
  protected override receiveIsochronous(_endpointAddress: number, data: Uint8Array): void {
    this.#sunkPackets += 1;
    this.#sunkBytes += data.byteLength;
  }

  protected override reset(): void {
    this.#sunkBytes = 0;
    this.#sunkPackets = 0;
    this.#loopback.reset();
    if (this.#isSourceSink) this.#sendSource();
  }

  get #isSourceSink(): boolean {
    return this.configurationValue === GadgetConfiguration.sourceSink;
  }

  #sendSource(): void {
    this.endpoints.send(GadgetEndpoint.bulkIn, this.#source(BUFFER_SIZE, this.#packetSizes.bulk));
  }

  /** New each time, since it becomes the host's. */
  #source(size: number, packetSize: number): Uint8Array {
    const bytes = new Uint8Array(size);
    if (this.#pattern === 1) bytes.forEach((_, index) => (bytes[index] = (index % packetSize) % 63));
    return bytes;
  }

  #fitsPattern(data: Uint8Array): boolean {
    const { bulk } = this.#packetSizes;
    switch (this.#pattern) {
      case 0:
        return data.every((byte) => byte === 0);
      case 1:
        return data.every((byte, index) => byte === (index % bulk) % 63);
      case 2:
        return true;
    }
  }
}

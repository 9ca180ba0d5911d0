import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { u16, u32 } from './classDescriptors.ts';
import { paint, toJpeg, toYuy2 } from './testPattern.ts';
import {
  CLOCK_FREQUENCY,
  describeWebcam,
  FRAME_INTERVALS,
  LARGEST_FRAME,
  PACKET_SIZES,
  STREAMING_INTERFACE,
  VideoFormat,
} from './usbWebcamDescriptors.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link UsbWebcam}. */
export interface UsbWebcamOptions {
  /** Clock that frames of the bus are counted by. */
  readonly clock: Clock;
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0007. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Webcam`. */
  readonly productName?: string;
}

/** bRequest, [UVC 1.1] A.8; GET_ has bit 7. */
const VideoRequest = {
  SET_CUR: 0x01,
  GET_CUR: 0x81,
  GET_MIN: 0x82,
  GET_MAX: 0x83,
  GET_RES: 0x84,
  GET_LEN: 0x85,
  GET_INFO: 0x86,
  GET_DEF: 0x87,
} as const;
/** wValue's high byte, [UVC 1.1] A.9.8. */
const Control = { probe: 1, commit: 2 } as const;
/** Bytes of the probe and commit controls in version 1.1. */
const PROBE_SIZE = 34;
/** Units of dwFrameInterval (100 ns) in a microframe. */
const UNITS_PER_MICROFRAME = 1250;
/** bmHeaderInfo, [UVC 1.1] 2.4.3.3. */
const Header = { size: 2, frameId: 0x01, endOfFrame: 0x02, endOfHeader: 0x80 } as const;

interface StreamChoice {
  readonly format: VideoFormat;
  /** 100 ns. */
  readonly interval: number;
}

const DEFAULT_CHOICE: StreamChoice = { format: VideoFormat.yuy2, interval: FRAME_INTERVALS[0] };

/**
 * A high-speed camera, [UVC 1.1], of 160 by 120 pixels in YUY2 or MJPEG, that shows a test pattern with the number of the
 * frame in it: `numberInYuy2` reads it. The camera's time is that of the packets that the host asks for, so that no frame
 * number is left out while the host reads, however slowly.
 */
export class UsbWebcam extends VirtualDevice {
  #probed = DEFAULT_CHOICE;
  #committed = DEFAULT_CHOICE;
  /** Packets since the stream began. */
  #packets = 0;
  #frameNumber = 0;
  #frame: Uint8Array = NO_BYTES;
  #sent = 0;

  constructor(options: UsbWebcamOptions) {
    const { vendorId = 0x1209, productId = 0x0007 } = options;
    const strings = [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Webcam'];
    super(describeWebcam({ idVendor: vendorId, idProduct: productId, strings }), options.clock);
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const { bmRequestType, bRequest, wValue, wIndex } = setup;
    const isIn = (bmRequestType & RequestType.directionIn) !== 0;
    const isVideo =
      (bmRequestType & RequestType.typeMask) === RequestType.class &&
      (bmRequestType & RequestType.recipientMask) === RequestType.interface;
    if (!isVideo || isIn !== bRequest > 0x80 || wIndex !== STREAMING_INTERFACE) return undefined;
    if (wValue === Control.probe << 8) return this.#probe(bRequest, data);
    return wValue === Control.commit << 8 ? this.#commit(bRequest, data) : undefined;
  }

  protected override sendIsochronous(): Uint8Array {
    const { interval } = this.#committed;
    const perFrame = Math.round(interval / UNITS_PER_MICROFRAME);
    // The number of a frame is painted when its time begins; a frame that takes longer than that delays the next.
    if (this.#sent >= this.#frame.byteLength && this.#packets >= this.#frameNumber * perFrame) this.#nextFrame();
    this.#packets += 1;
    const part = this.#frame.subarray(this.#sent, this.#sent + payloadSize(this.#committed) - Header.size);
    this.#sent += part.byteLength;
    const isEnd = part.byteLength > 0 && this.#sent >= this.#frame.byteLength;
    const packet = new Uint8Array(Header.size + part.byteLength);
    packet[0] = Header.size;
    packet[1] = Header.endOfHeader | (this.#frameNumber & 1 ? Header.frameId : 0) | (isEnd ? Header.endOfFrame : 0);
    packet.set(part, Header.size);
    return packet;
  }

  protected override reset(interfaceNumber: number | undefined): void {
    if (interfaceNumber === undefined) this.#probed = this.#committed = DEFAULT_CHOICE;
    this.#packets = this.#frameNumber = this.#sent = 0;
    this.#frame = NO_BYTES;
  }

  /** The first frame has number 0. */
  #nextFrame(): void {
    const picture = paint(this.#frameNumber);
    this.#frame = this.#committed.format === VideoFormat.yuy2 ? toYuy2(picture) : toJpeg(picture);
    this.#frameNumber = (this.#frameNumber + 1) >>> 0;
    this.#sent = 0;
  }

  #probe(bRequest: number, data: Uint8Array): Uint8Array | undefined {
    switch (bRequest) {
      case VideoRequest.SET_CUR: {
        const choice = readChoice(data);
        if (choice !== undefined) this.#probed = choice;
        return choice && NO_BYTES;
      }
      case VideoRequest.GET_CUR:
        return encodeChoice(this.#probed);
      case VideoRequest.GET_DEF:
        return encodeChoice(DEFAULT_CHOICE);
      case VideoRequest.GET_MIN:
        return encodeChoice({ ...this.#probed, interval: Math.min(...FRAME_INTERVALS) });
      case VideoRequest.GET_MAX:
        return encodeChoice({ ...this.#probed, interval: Math.max(...FRAME_INTERVALS) });
      case VideoRequest.GET_RES:
        return new Uint8Array(PROBE_SIZE);
      default:
        return aboutControl(bRequest);
    }
  }

  #commit(bRequest: number, data: Uint8Array): Uint8Array | undefined {
    if (bRequest === VideoRequest.GET_CUR) return encodeChoice(this.#committed);
    if (bRequest !== VideoRequest.SET_CUR) return aboutControl(bRequest);
    const choice = readChoice(data);
    if (choice !== undefined) this.#committed = choice;
    return choice && NO_BYTES;
  }
}

/** Both controls can be read and written, and have the same length. */
function aboutControl(bRequest: number): Uint8Array | undefined {
  if (bRequest === VideoRequest.GET_LEN) return Uint8Array.from(u16(PROBE_SIZE));
  return bRequest === VideoRequest.GET_INFO ? Uint8Array.of(3) : undefined;
}

/** What the camera makes of a wish: of the frame intervals the nearest. Undefined: there is no such format or frame. */
function readChoice(data: Uint8Array): StreamChoice | undefined {
  if (data.byteLength < PROBE_SIZE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const wanted = view.getUint8(2);
  const format = Object.values(VideoFormat).find((each) => each === wanted);
  if (format === undefined || view.getUint8(3) !== 1) return undefined;
  const interval = view.getUint32(4, true);
  const nearest = FRAME_INTERVALS.reduce((best, each) =>
    Math.abs(each - interval) < Math.abs(best - interval) ? each : best,
  );
  return { format, interval: nearest };
}

/** [UVC 1.1] 4.3.1.1 */
function encodeChoice(choice: StreamChoice): Uint8Array {
  const { format, interval } = choice;
  return Uint8Array.of(
    ...[1, 0, format, 1, ...u32(interval)], // keep the interval; format, frame
    ...new Uint8Array(10), // rates and quality of compression, delay
    ...[...u32(LARGEST_FRAME), ...u32(payloadSize(choice)), ...u32(CLOCK_FREQUENCY)],
    ...[0, 0, 0, 0], // framing, versions of the format
  );
}

/** Bytes of a packet, header included: the smallest of the alternate settings that is fast enough. */
function payloadSize({ interval }: StreamChoice): number {
  const needed = LARGEST_FRAME / (interval / UNITS_PER_MICROFRAME) + Header.size;
  return PACKET_SIZES.find((size) => size >= needed) ?? Math.max(...PACKET_SIZES);
}

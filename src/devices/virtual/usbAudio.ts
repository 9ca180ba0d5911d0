import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import { AudioControls, type AudioChannelControls } from './usbAudioControls.ts';
import { AudioEndpoint, AudioInterface, CHANNELS, describeUsbAudio, SAMPLE_SIZE } from './usbAudioDescriptors.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link UsbAudio}. */
export interface UsbAudioOptions {
  /** Clock that frames are counted by. */
  readonly clock: Clock;
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0005. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Audio`. */
  readonly productName?: string;
  /** Signal at the microphone: sample number `index` of those at this frequency, -32768 to 32767. Default: 440 Hz. */
  readonly microphone?: (index: number, samplingFrequency: number) => number;
  /** Called with each packet for the speaker: 16-bit samples, left and right in turn. */
  readonly onPlayed?: (samples: Uint8Array) => void;
}

/**
 * A full-speed stereo speaker and mono microphone, [USB Audio 1.0], 16 bits at 44.1 or 48 kHz, with mute, volume and
 * sampling frequency controls. The microphone's samples belong to frames: those of frames in which nobody reads are lost,
 * and at 44.1 kHz every tenth packet is a sample longer.
 */
export class UsbAudio extends VirtualDevice {
  readonly #controls: AudioControls;
  readonly #microphone: (index: number, samplingFrequency: number) => number;
  readonly #onPlayed: (samples: Uint8Array) => void;
  /** The frame with the microphone's sample 0, once it has been read. */
  #firstFrame: number | undefined;
  #playedBytes = 0;

  constructor(options: UsbAudioOptions) {
    const { vendorId = 0x1209, productId = 0x0005 } = options;
    const strings = [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Audio'];
    super(describeUsbAudio({ idVendor: vendorId, idProduct: productId, strings }), options.clock);
    this.#microphone = options.microphone ?? concertPitch;
    this.#onPlayed = options.onPlayed ?? (() => {});
    this.#controls = new AudioControls((endpointAddress) => {
      if (endpointAddress === AudioEndpoint.microphone) this.#firstFrame = undefined;
    });
  }

  /** How the host set the speaker's controls. */
  get speaker(): Readonly<AudioChannelControls> {
    return this.#controls.speaker;
  }

  /** How the host set the microphone's controls. */
  get microphone(): Readonly<AudioChannelControls> {
    return this.#controls.microphone;
  }

  /** Bytes that came for the speaker since its alternate setting was chosen. */
  get playedBytes(): number {
    return this.#playedBytes;
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    return this.#controls.handleControl(setup, data);
  }

  protected override sendIsochronous(_endpointAddress: number, frame: number): Uint8Array {
    const { samplingFrequency, gain } = this.#controls.microphone;
    this.#firstFrame ??= frame;
    const elapsed = (frame - this.#firstFrame) >>> 0;
    const first = Math.floor((elapsed * samplingFrequency) / 1000);
    const count = Math.floor(((elapsed + 1) * samplingFrequency) / 1000) - first;
    const packet = new DataView(new ArrayBuffer(count * CHANNELS.microphone * SAMPLE_SIZE));
    for (let index = 0; index < count; index += 1) {
      const sample = Math.round(gain * this.#microphone(first + index, samplingFrequency));
      packet.setInt16(index * SAMPLE_SIZE, sample, true);
    }
    return new Uint8Array(packet.buffer);
  }

  protected override receiveIsochronous(_endpointAddress: number, data: Uint8Array): void {
    this.#playedBytes += data.byteLength;
    this.#onPlayed(data);
  }

  protected override reset(interfaceNumber: number | undefined): void {
    if (interfaceNumber !== AudioInterface.speaker) this.#firstFrame = undefined;
    if (interfaceNumber !== AudioInterface.microphone) this.#playedBytes = 0;
  }
}

function concertPitch(index: number, samplingFrequency: number): number {
  return 16_000 * Math.sin((2 * Math.PI * 440 * index) / samplingFrequency);
}

import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { Clock } from '../../ports/clock.ts';
import { u24, u32 } from './classDescriptors.ts';
import { configurationBytes, deviceBytes, type DeviceDescription } from './deviceDescription.ts';
import { hidInterface, HidRequests } from './hidRequests.ts';
import { ReportQueue } from './reportQueue.ts';
import { Audio2Controls } from './usbAudio2Controls.ts';
import { headsetAudio2 } from './usbAudio2Descriptors.ts';
import { type AudioChannelControls, AudioControls } from './usbAudioControls.ts';
import { asynchronousAudio, AudioInterface, CHANNELS, SAMPLE_SIZE } from './usbAudioDescriptors.ts';
import { VirtualDevice } from './virtualDevice.ts';

/** Options of {@link UsbHeadset}. */
export interface UsbHeadsetOptions {
  /** Clock that frames are counted by. */
  readonly clock: Clock;
  /** 1: full speed, [USB Audio 1.0]. 2, the default: high speed, [USB Audio 2.0]. */
  readonly audioClass?: 1 | 2;
  /** What the microphone hears: a tone of 1 kHz (the default), or what the headphones play (left). */
  readonly microphone?: 'sine' | 'loopback';
  /** Default 0x1209, pid.codes, which keeps product ids 0x0001 to 0x0010 free for tests in private. */
  readonly vendorId?: number;
  /** Default 0x0008, and 0x0009 with `audioClass` 1. */
  readonly productId?: number;
  /** Default `urbdrc`. */
  readonly manufacturerName?: string;
  /** Default `Virtual Headset`. */
  readonly productName?: string;
  /** Called with each packet for the headphones: 16-bit samples, left and right in turn. */
  readonly onPlayed?: (samples: Uint8Array) => void;
}

/** Bits of the buttons' report. */
export const HeadsetButton = { volumeUp: 1, volumeDown: 2, mute: 4 } as const;

const FEEDBACK_ENDPOINT = 0x81;
const BUTTONS = { interfaceNumber: 3, endpointAddress: 0x84 };
/** Consumer control: volume up, volume down and mute, a bit each, [HID Usage Tables] 15. */
const REPORT_DESCRIPTOR = Uint8Array.of(
  ...[0x05, 0x0c, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x25, 0x01],
  ...[0x09, 0xe9, 0x09, 0xea, 0x09, 0xe2, 0x75, 0x01, 0x95, 0x03, 0x81, 0x02],
  ...[0x95, 0x05, 0x81, 0x01, 0xc0],
);
/** Samples that the loop-back keeps, 200 ms: later ones push out the oldest. */
const LOOPBACK_LIMIT = 9600;
const TONE = { frequency: 1000, amplitude: 16_000 } as const;

/**
 * A headset: stereo headphones that take samples by their own clock and tell its pace at a feedback endpoint, a mono
 * microphone, mute and volume for both, and, as a function of its own (interface 3), buttons. The microphone's samples are
 * counted by those that the host reads, so that none is missing while it reads, however slowly.
 */
export class UsbHeadset extends VirtualDevice {
  readonly #audioClass: 1 | 2;
  readonly #controls: AudioControls | Audio2Controls;
  readonly #isLoopback: boolean;
  readonly #onPlayed: (samples: Uint8Array) => void;
  readonly #buttonRequests: HidRequests;
  readonly #reports: ReportQueue;
  #buttons = 0;
  /** Packets of the microphone since its stream began. */
  #packets = 0;
  readonly #heard: number[] = [];

  constructor(options: UsbHeadsetOptions) {
    super(describe(options), options.clock);
    this.#audioClass = options.audioClass ?? 2;
    this.#controls = this.#audioClass === 1 ? new AudioControls(() => (this.#packets = 0)) : new Audio2Controls();
    this.#isLoopback = options.microphone === 'loopback';
    this.#onPlayed = options.onPlayed ?? (() => {});
    this.#reports = new ReportQueue(this.endpoints, BUTTONS.endpointAddress);
    this.#buttonRequests = new HidRequests({
      interfaceNumber: BUTTONS.interfaceNumber,
      reportDescriptor: REPORT_DESCRIPTOR,
      inputReport: () => Uint8Array.of(this.#buttons),
    });
  }

  /** How the host set the headphones' controls. */
  get speaker(): Readonly<AudioChannelControls> {
    return this.#controls.speaker;
  }

  /** How the host set the microphone's controls. */
  get microphone(): Readonly<AudioChannelControls> {
    return this.#controls.microphone;
  }

  /** Presses a button, one of {@link HeadsetButton}, and lets go of it. @throws UsageError when the host takes no reports */
  press(button: keyof typeof HeadsetButton): void {
    this.#reports.makeRoom(2);
    for (const buttons of [HeadsetButton[button], 0]) {
      this.#buttons = buttons;
      this.#reports.send(Uint8Array.of(buttons));
    }
  }

  protected override handleControl(setup: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const isForInterface = (setup.bmRequestType & RequestType.recipientMask) === RequestType.interface;
    if (isForInterface && setup.wIndex === BUTTONS.interfaceNumber)
      return this.#buttonRequests.handleControl(setup, data);
    return this.#controls.handleControl(setup, data);
  }

  protected override sendIsochronous(endpointAddress: number): Uint8Array {
    return endpointAddress === FEEDBACK_ENDPOINT ? this.#feedback() : this.#microphonePacket();
  }

  protected override receiveIsochronous(_endpointAddress: number, data: Uint8Array): void {
    this.#onPlayed(data);
    if (!this.#isLoopback) return;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const { gain } = this.#controls.speaker;
    const frameSize = CHANNELS.speaker * SAMPLE_SIZE;
    for (let at = 0; at + frameSize <= data.byteLength; at += frameSize)
      this.#heard.push(Math.round(gain * view.getInt16(at, true)));
    if (this.#heard.length > LOOPBACK_LIMIT) this.#heard.splice(0, this.#heard.length - LOOPBACK_LIMIT);
  }

  protected override drained(endpointAddress: number): void {
    if (endpointAddress === BUTTONS.endpointAddress) this.#reports.clear();
  }

  protected override reset(interfaceNumber: number | undefined): void {
    if (interfaceNumber === undefined || interfaceNumber === AudioInterface.microphone) this.#packets = 0;
    if (interfaceNumber === undefined || interfaceNumber === AudioInterface.speaker) this.#heard.length = 0;
    if (interfaceNumber !== undefined && interfaceNumber !== BUTTONS.interfaceNumber) return;
    this.#buttons = 0;
    this.#buttonRequests.reset();
    this.#reports.clear();
  }

  /** The bus has the clock here, so that the pace is always the nominal one. */
  #feedback(): Uint8Array {
    const { samplingFrequency } = this.#controls.speaker;
    if (this.#audioClass === 1) return Uint8Array.from(u24(Math.round((samplingFrequency / 1000) * 2 ** 14)));
    return Uint8Array.from(u32(Math.round((samplingFrequency / 8000) * 2 ** 16)));
  }

  #microphonePacket(): Uint8Array {
    const { samplingFrequency, gain } = this.#controls.microphone;
    const first = Math.floor((this.#packets * samplingFrequency) / 1000);
    this.#packets += 1;
    const count = Math.floor((this.#packets * samplingFrequency) / 1000) - first;
    const heard = this.#isLoopback ? this.#heard.splice(0, count) : [];
    const packet = new DataView(new ArrayBuffer(count * CHANNELS.microphone * SAMPLE_SIZE));
    for (let index = 0; index < count; index += 1) {
      const sample = this.#isLoopback ? (heard[index] ?? 0) : tone(first + index, samplingFrequency);
      packet.setInt16(index * SAMPLE_SIZE, Math.round(gain * sample), true);
    }
    return new Uint8Array(packet.buffer);
  }
}

function tone(index: number, samplingFrequency: number): number {
  return TONE.amplitude * Math.sin((2 * Math.PI * TONE.frequency * index) / samplingFrequency);
}

function describe(options: UsbHeadsetOptions): DeviceDescription {
  const { audioClass = 2, vendorId = 0x1209, productId = audioClass === 1 ? 0x0009 : 0x0008 } = options;
  const device = { idVendor: vendorId, idProduct: productId, iManufacturer: 1, iProduct: 2 };
  const associations = { bDeviceClass: 0xef, bDeviceSubClass: 2, bDeviceProtocol: 1 };
  // 8 ms; bInterval counts frames at full speed, and is an exponent at high speed.
  const interval = audioClass === 1 ? 8 : 7;
  const audio = audioClass === 1 ? asynchronousAudio(FEEDBACK_ENDPOINT) : headsetAudio2(FEEDBACK_ENDPOINT);
  const buttons = hidInterface({ ...BUTTONS, interval }, 'buttons', REPORT_DESCRIPTOR);
  return {
    speed: audioClass === 1 ? 'full' : 'high',
    deviceDescriptor: deviceBytes(audioClass === 1 ? device : { ...device, ...associations }),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, [...audio, ...buttons])],
    strings: [options.manufacturerName ?? 'urbdrc', options.productName ?? 'Virtual Headset'],
  };
}

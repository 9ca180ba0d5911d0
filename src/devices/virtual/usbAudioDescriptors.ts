import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { classEndpoint, classInterface, interfaceDescriptor, u16, u24 } from './classDescriptors.ts';
import { configurationBytes, deviceBytes, type DeviceDescription } from './deviceDescription.ts';

export const AudioInterface = { control: 0, speaker: 1, microphone: 2 } as const;
export const AudioEndpoint = { speaker: 0x01, microphone: 0x82 } as const;
/** bUnitID of the feature units. */
export const FeatureUnit = { speaker: 2, microphone: 5 } as const;
/** Samples a second that the device can do. */
export const SAMPLING_FREQUENCIES: readonly number[] = [44_100, 48_000];
/** 16 bits. */
export const SAMPLE_SIZE = 2;
export const CHANNELS = { speaker: 2, microphone: 1 } as const;

/** The other units and terminals. */
const Terminal = { speakerIn: 1, speakerOut: 3, microphoneIn: 4, microphoneOut: 6 };
/** [USB Audio Terminals 1.0] 2. */
const TerminalType = { usbStreaming: 0x0101, microphone: 0x0201, speaker: 0x0301 };
/** bDescriptorSubtype, [USB Audio 1.0] A.5, A.6 and A.8. */
const Subtype = {
  header: 1,
  inputTerminal: 2,
  outputTerminal: 3,
  featureUnit: 6,
  streamingGeneral: 1,
  formatType: 2,
  endpointGeneral: 1,
};
const MUTE_AND_VOLUME = 3;
const AUDIO_CONTROL = [1, 1, 0] as const;
const AUDIO_STREAMING = [1, 2, 0] as const;
/** bmAttributes: isochronous (1) and how its clock is found, [USB 2.0] table 9-13. */
const Synchronization = { asynchronous: 0x05, adaptive: 0x09 };

export interface UsbAudioIdentity {
  readonly idVendor: number;
  readonly idProduct: number;
  /** Manufacturer and product. */
  readonly strings: readonly string[];
}

/** The interfaces 0 to 2 of a device that takes samples by a clock of its own, and tells so at `feedback`. */
export function asynchronousAudio(feedback: number): UsbDescriptor[] {
  return [
    ...controlInterface(),
    ...streamingInterface('speaker', Terminal.speakerIn, Synchronization.asynchronous, feedback),
    ...streamingInterface('microphone', Terminal.microphoneOut, Synchronization.asynchronous),
  ];
}

/** A full-speed device of Audio Class 1.0: a stereo speaker and a mono microphone. */
export function describeUsbAudio({ idVendor, idProduct, strings }: UsbAudioIdentity): DeviceDescription {
  const following = [
    ...controlInterface(),
    ...streamingInterface('speaker', Terminal.speakerIn, Synchronization.adaptive),
    ...streamingInterface('microphone', Terminal.microphoneOut, Synchronization.asynchronous),
  ];
  return {
    speed: 'full',
    deviceDescriptor: deviceBytes({ idVendor, idProduct, iManufacturer: 1, iProduct: 2 }),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, following)],
    strings,
  };
}

/** [USB Audio 1.0] 4.3 */
function controlInterface(): UsbDescriptor[] {
  const { control, speaker, microphone } = AudioInterface;
  const units = [
    inputTerminal(Terminal.speakerIn, TerminalType.usbStreaming, CHANNELS.speaker, 3), // left and right front
    featureUnit(FeatureUnit.speaker, Terminal.speakerIn, CHANNELS.speaker),
    outputTerminal(Terminal.speakerOut, TerminalType.speaker, FeatureUnit.speaker),
    inputTerminal(Terminal.microphoneIn, TerminalType.microphone, CHANNELS.microphone, 0),
    featureUnit(FeatureUnit.microphone, Terminal.microphoneIn, CHANNELS.microphone),
    outputTerminal(Terminal.microphoneOut, TerminalType.usbStreaming, FeatureUnit.microphone),
  ];
  const header = (total: number) => [...u16(0x0100), ...u16(total), 2, speaker, microphone];
  const headerSize = 3 + header(0).length;
  const total = headerSize + joinParts(encodeDescriptors(units)).byteLength;
  return [interfaceDescriptor(control, 0, 0, AUDIO_CONTROL), classInterface(Subtype.header, header(total)), ...units];
}

/**
 * Alternate setting 0 without bandwidth, 1 with an endpoint, [USB Audio 1.0] 4.5 and 4.6.
 * @param feedback - address of the endpoint that tells how fast the device takes samples; undefined: there is none
 */
function streamingInterface(
  which: 'speaker' | 'microphone',
  terminal: number,
  bmAttributes: number,
  feedback?: number,
): UsbDescriptor[] {
  const frequencies = SAMPLING_FREQUENCIES.flatMap((each) => u24(each));
  const format = [1, CHANNELS[which], SAMPLE_SIZE, 8 * SAMPLE_SIZE, SAMPLING_FREQUENCIES.length, ...frequencies];
  return [
    interfaceDescriptor(AudioInterface[which], 0, 0, AUDIO_STREAMING),
    interfaceDescriptor(AudioInterface[which], 1, feedback === undefined ? 1 : 2, AUDIO_STREAMING),
    classInterface(Subtype.streamingGeneral, [terminal, 1, ...u16(1)]), // a frame of delay, PCM
    classInterface(Subtype.formatType, format),
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: AudioEndpoint[which],
      bmAttributes,
      wMaxPacketSize: largestPacket(which),
      bInterval: 1,
      additionalBytes: Uint8Array.of(0, feedback ?? 0), // bRefresh, bSynchAddress
    },
    classEndpoint(Subtype.endpointGeneral, [1, 0, 0, 0]), // has a sampling frequency control
    ...(feedback === undefined ? [] : [feedbackEndpoint(feedback)]),
  ];
}

/** Bytes in a frame at the highest sampling frequency. */
export function largestPacket(which: 'speaker' | 'microphone'): number {
  return Math.ceil(Math.max(...SAMPLING_FREQUENCIES) / 1000) * CHANNELS[which] * SAMPLE_SIZE;
}

function inputTerminal(id: number, type: number, channels: number, channelConfig: number): UsbDescriptor {
  return classInterface(Subtype.inputTerminal, [id, ...u16(type), 0, channels, ...u16(channelConfig), 0, 0]);
}

/** Mute and volume for all channels at once. */
function featureUnit(id: number, source: number, channels: number): UsbDescriptor {
  const perChannel = Array.from({ length: channels }, () => 0);
  return classInterface(Subtype.featureUnit, [id, source, 1, MUTE_AND_VOLUME, ...perChannel, 0]);
}

function outputTerminal(id: number, type: number, source: number): UsbDescriptor {
  return classInterface(Subtype.outputTerminal, [id, ...u16(type), 0, source, 0]);
}

/** Every 4 frames, 3 bytes: samples a frame in the form 10.14, [USB 2.0] 5.12.4.2. */
function feedbackEndpoint(bEndpointAddress: number): UsbDescriptor {
  return {
    name: 'ENDPOINT_DESCRIPTOR',
    bEndpointAddress,
    bmAttributes: 0x11, // isochronous, feedback
    wMaxPacketSize: 3,
    bInterval: 1,
    additionalBytes: Uint8Array.of(2, 0), // bRefresh, as an exponent, and bSynchAddress
  };
}

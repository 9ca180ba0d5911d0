import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { association, classEndpoint, classInterface, interfaceDescriptor, u16, u32 } from './classDescriptors.ts';
import { AudioEndpoint, AudioInterface, CHANNELS, FeatureUnit, SAMPLE_SIZE } from './usbAudioDescriptors.ts';

/** bClockID. */
export const CLOCK_SOURCE = 7;
/** Samples a second, the only number that there is. */
export const SAMPLING_FREQUENCY = 48_000;

const AUDIO_FUNCTION = [1, 0, 0x20] as const;
const AUDIO_CONTROL = [1, 1, 0x20] as const;
const AUDIO_STREAMING = [1, 2, 0x20] as const;
const HEADSET = 4;
/** bDescriptorSubtype, [USB Audio 2.0] A.9 to A.13. */
const Subtype = {
  header: 1,
  inputTerminal: 2,
  outputTerminal: 3,
  featureUnit: 6,
  clockSource: 10,
  streamingGeneral: 1,
  formatType: 2,
  endpointGeneral: 1,
};
/** The terminals, with the numbers that they have in {@link AudioInterface}'s other version. */
const Terminal = { speakerIn: 1, speakerOut: 3, microphoneIn: 4, microphoneOut: 6 };
/** [USB Audio Terminals 2.0] 2. */
const TerminalType = { usbStreaming: 0x0101, microphone: 0x0201, headphones: 0x0302 };
/** bmControls of a feature unit: the host reads and writes mute (bits 0 and 1) and volume (2 and 3). */
const MUTE_AND_VOLUME = 0x0f;
/** bmaConfig: left and right front. */
const STEREO = 3;
/** 2^(4 - 1) microframes: a millisecond. */
const INTERVAL = 4;

/** The function of a headset in Audio Class 2.0, high speed, interfaces 0 to 2; it tells its pace at `feedback`. */
export function headsetAudio2(feedback: number): UsbDescriptor[] {
  return [
    association(AudioInterface.control, 3, AUDIO_FUNCTION),
    ...controlInterface(),
    ...streamingInterface('speaker', Terminal.speakerIn, feedback),
    ...streamingInterface('microphone', Terminal.microphoneOut, undefined),
  ];
}

/** [USB Audio 2.0] 4.7 */
function controlInterface(): UsbDescriptor[] {
  const units = [
    classInterface(Subtype.clockSource, [CLOCK_SOURCE, 1, 1, 0, 0]), // internal and fixed; its frequency can be read
    inputTerminal(Terminal.speakerIn, TerminalType.usbStreaming, CHANNELS.speaker, STEREO),
    featureUnit(FeatureUnit.speaker, Terminal.speakerIn, CHANNELS.speaker),
    outputTerminal(Terminal.speakerOut, TerminalType.headphones, FeatureUnit.speaker),
    inputTerminal(Terminal.microphoneIn, TerminalType.microphone, CHANNELS.microphone, 0),
    featureUnit(FeatureUnit.microphone, Terminal.microphoneIn, CHANNELS.microphone),
    outputTerminal(Terminal.microphoneOut, TerminalType.usbStreaming, FeatureUnit.microphone),
  ];
  const header = (total: number) => [...u16(0x0200), HEADSET, ...u16(total), 0];
  const total = 3 + header(0).length + joinParts(encodeDescriptors(units)).byteLength;
  return [
    interfaceDescriptor(AudioInterface.control, 0, 0, AUDIO_CONTROL),
    classInterface(Subtype.header, header(total)),
    ...units,
  ];
}

/** [USB Audio 2.0] 4.9 and 4.10: alternate setting 0 has no bandwidth. */
function streamingInterface(
  which: 'speaker' | 'microphone',
  terminal: number,
  feedback: number | undefined,
): UsbDescriptor[] {
  const number = AudioInterface[which];
  const channelConfig = which === 'speaker' ? STEREO : 0;
  return [
    interfaceDescriptor(number, 0, 0, AUDIO_STREAMING),
    interfaceDescriptor(number, 1, feedback === undefined ? 1 : 2, AUDIO_STREAMING),
    classInterface(Subtype.streamingGeneral, [
      ...[terminal, 0, 1, ...u32(1)], // format type I, PCM
      ...[CHANNELS[which], ...u32(channelConfig), 0],
    ]),
    classInterface(Subtype.formatType, [1, SAMPLE_SIZE, 8 * SAMPLE_SIZE]),
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: AudioEndpoint[which],
      bmAttributes: 0x05, // isochronous, asynchronous
      // With room for one sample more than usual: the host sends it when the device is faster.
      wMaxPacketSize: (SAMPLING_FREQUENCY / 1000 + 1) * CHANNELS[which] * SAMPLE_SIZE,
      bInterval: INTERVAL,
    },
    classEndpoint(Subtype.endpointGeneral, [0, 0, 0, 0, 0]),
    ...(feedback === undefined ? [] : [feedbackEndpoint(feedback)]),
  ];
}

/** 4 bytes: samples a microframe in the form 16.16, [USB 2.0] 5.12.4.2. */
function feedbackEndpoint(bEndpointAddress: number): UsbDescriptor {
  return { name: 'ENDPOINT_DESCRIPTOR', bEndpointAddress, bmAttributes: 0x11, wMaxPacketSize: 4, bInterval: INTERVAL };
}

function inputTerminal(id: number, type: number, channels: number, channelConfig: number): UsbDescriptor {
  const names = [0, 0, 0, 0]; // of channels, controls, of the terminal
  return classInterface(Subtype.inputTerminal, [
    ...[id, ...u16(type), 0, CLOCK_SOURCE],
    ...[channels, ...u32(channelConfig), ...names],
  ]);
}

function outputTerminal(id: number, type: number, source: number): UsbDescriptor {
  return classInterface(Subtype.outputTerminal, [id, ...u16(type), 0, source, CLOCK_SOURCE, 0, 0, 0]);
}

/** Mute and volume for all channels at once. */
function featureUnit(id: number, source: number, channels: number): UsbDescriptor {
  const perChannel = Array.from({ length: channels }, () => u32(0)).flat();
  return classInterface(Subtype.featureUnit, [id, source, ...u32(MUTE_AND_VOLUME), ...perChannel, 0]);
}

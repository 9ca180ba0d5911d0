import { joinParts } from '../../../codecs/core/parts.ts';
import { encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { association, classInterface, interfaceDescriptor, u16, u32 } from './classDescriptors.ts';
import { configurationBytes, deviceBytes, type DeviceDescription } from './deviceDescription.ts';
import { PICTURE } from './testPattern.ts';
import type { UsbAudioIdentity } from './usbAudioDescriptors.ts';

/** bFormatIndex. */
export const VideoFormat = { yuy2: 1, mjpeg: 2 } as const;
export type VideoFormat = (typeof VideoFormat)[keyof typeof VideoFormat];

export const STREAMING_INTERFACE = 1;
/** 100 ns; 30, 15 and 5 frames a second, the default first. */
export const FRAME_INTERVALS = [333_333, 666_666, 2_000_000] as const;
/** Bytes of a frame in YUY2; one in MJPEG is smaller. */
export const LARGEST_FRAME = 2 * PICTURE.width * PICTURE.height;
/** wMaxPacketSize of the alternate settings from 1 on, a packet each microframe. */
export const PACKET_SIZES: readonly number[] = [192, 512, 1024];
/** dwClockFrequency. */
export const CLOCK_FREQUENCY = 48_000_000;

const CONTROL_INTERFACE = 0;
const ENDPOINT = 0x81;
const VIDEO_FUNCTION = [0x0e, 3, 0] as const;
const VIDEO_CONTROL = [0x0e, 1, 0] as const;
const VIDEO_STREAMING = [0x0e, 2, 0] as const;
/** bDescriptorSubtype, [UVC 1.1] A.5 and A.6. */
const Subtype = {
  header: 1,
  inputTerminal: 2,
  outputTerminal: 3,
  inputHeader: 1,
  formatUncompressed: 4,
  frameUncompressed: 5,
  formatMjpeg: 6,
  frameMjpeg: 7,
  colourMatching: 13,
};
const Terminal = { camera: 1, streaming: 2 };
/** [UVC 1.1] B.1 and B.2: the camera, and the stream over USB. */
const TerminalType = { camera: 0x0201, streaming: 0x0101 };
/** YUY2 as a GUID. */
const YUY2 = [0x59, 0x55, 0x59, 0x32, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
/** BT.709, BT.709, SMPTE 170M. */
const COLOURS = [1, 1, 4];

/** A high-speed camera of one function. */
export function describeWebcam({ idVendor, idProduct, strings }: UsbAudioIdentity): DeviceDescription {
  const classes = { bDeviceClass: 0xef, bDeviceSubClass: 2, bDeviceProtocol: 1 }; // it has associations
  const following = [association(CONTROL_INTERFACE, 2, VIDEO_FUNCTION), ...controlInterface(), ...streamingInterface()];
  return {
    speed: 'high',
    deviceDescriptor: deviceBytes({ ...classes, idVendor, idProduct, iManufacturer: 1, iProduct: 2 }),
    configurationDescriptors: [configurationBytes({ bmAttributes: 0x80, bMaxPower: 50 }, following)],
    strings,
  };
}

/** [UVC 1.1] 3.7 */
function controlInterface(): UsbDescriptor[] {
  const units = [
    // No focal lengths, and none of 16 controls of the camera.
    classInterface(Subtype.inputTerminal, [Terminal.camera, ...u16(TerminalType.camera), 0, 0, ...new Uint8Array(6), 2, 0, 0]), // prettier-ignore
    classInterface(Subtype.outputTerminal, [Terminal.streaming, ...u16(TerminalType.streaming), 0, Terminal.camera, 0]),
  ];
  const header = (total: number) => [
    ...[...u16(0x0110), ...u16(total), ...u32(CLOCK_FREQUENCY)],
    ...[1, STREAMING_INTERFACE],
  ];
  const total = 3 + header(0).length + sizeOf(units);
  return [
    interfaceDescriptor(CONTROL_INTERFACE, 0, 0, VIDEO_CONTROL),
    classInterface(Subtype.header, header(total)),
    ...units,
  ];
}

/** [UVC 1.1] 3.9: without bandwidth in alternate setting 0, with more and more in the others. */
function streamingInterface(): UsbDescriptor[] {
  const formats = [
    classInterface(Subtype.formatUncompressed, [VideoFormat.yuy2, 1, ...YUY2, 16, 1, 0, 0, 0, 0]),
    frame(Subtype.frameUncompressed),
    classInterface(Subtype.colourMatching, COLOURS),
    classInterface(Subtype.formatMjpeg, [VideoFormat.mjpeg, 1, 0, 1, 0, 0, 0, 0]),
    frame(Subtype.frameMjpeg),
    classInterface(Subtype.colourMatching, COLOURS),
  ];
  const header = (total: number) => [
    ...[2, ...u16(total), ENDPOINT, 0, Terminal.streaming],
    ...[0, 0, 0, 1, 0, 0], // no still pictures, no triggers, no controls of the formats
  ];
  const total = 3 + header(0).length + sizeOf(formats);
  return [
    interfaceDescriptor(STREAMING_INTERFACE, 0, 0, VIDEO_STREAMING),
    classInterface(Subtype.inputHeader, header(total)),
    ...formats,
    ...PACKET_SIZES.flatMap((wMaxPacketSize, index): UsbDescriptor[] => [
      interfaceDescriptor(STREAMING_INTERFACE, index + 1, 1, VIDEO_STREAMING),
      {
        name: 'ENDPOINT_DESCRIPTOR',
        bEndpointAddress: ENDPOINT,
        bmAttributes: 0x05, // isochronous, asynchronous
        wMaxPacketSize,
        bInterval: 1,
      },
    ]),
  ];
}

/** The one size of pictures of a format. */
function frame(subtype: number): UsbDescriptor {
  const rate = (interval: number) => Math.round((LARGEST_FRAME * 8 * 10_000_000) / interval);
  return classInterface(subtype, [
    ...[1, 0, ...u16(PICTURE.width), ...u16(PICTURE.height)],
    ...[...u32(rate(Math.max(...FRAME_INTERVALS))), ...u32(rate(Math.min(...FRAME_INTERVALS)))],
    ...[...u32(LARGEST_FRAME), ...u32(FRAME_INTERVALS[0])],
    ...[FRAME_INTERVALS.length, ...FRAME_INTERVALS.flatMap((each) => u32(each))],
  ]);
}

function sizeOf(descriptors: readonly UsbDescriptor[]): number {
  return joinParts(encodeDescriptors(descriptors)).byteLength;
}

import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { u16, u32 } from './classDescriptors.ts';
import { CLOCK_SOURCE, SAMPLING_FREQUENCY } from './usbAudio2Descriptors.ts';
import { AudioChannelControls, VOLUME } from './usbAudioControls.ts';
import { AudioInterface, FeatureUnit } from './usbAudioDescriptors.ts';

/** bRequest, [USB Audio 2.0] A.14; bmRequestType has the direction. */
const AudioRequest = { CUR: 1, RANGE: 2 } as const;
/** wValue's high byte, [USB Audio 2.0] A.17.1 and A.17.7; the low one is the channel, 0 for all. */
const Control = { samplingFrequency: 1 << 8, clockValid: 2 << 8, mute: 1 << 8, volume: 2 << 8 } as const;

/** The requests of Audio Class 2.0 for two feature units and a clock with one frequency, [USB Audio 2.0] 5.2. */
export class Audio2Controls {
  readonly speaker = new AudioChannelControls();
  readonly microphone = new AudioChannelControls();

  /** Undefined stalls. */
  handleControl({ bmRequestType, bRequest, wValue, wIndex }: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const isForInterface = (bmRequestType & RequestType.recipientMask) === RequestType.interface;
    const isClass = (bmRequestType & RequestType.typeMask) === RequestType.class;
    if (!isClass || !isForInterface || (wIndex & 0xff) !== AudioInterface.control) return undefined;
    const isIn = (bmRequestType & RequestType.directionIn) !== 0;
    switch (wIndex >> 8) {
      case CLOCK_SOURCE:
        return isIn ? readClock(bRequest, wValue) : undefined;
      case FeatureUnit.speaker:
        return isIn ? read(this.speaker, bRequest, wValue) : write(this.speaker, bRequest, wValue, data);
      case FeatureUnit.microphone:
        return isIn ? read(this.microphone, bRequest, wValue) : write(this.microphone, bRequest, wValue, data);
      default:
        return undefined;
    }
  }
}

/** [USB Audio 2.0] 5.2.5.1 */
function readClock(bRequest: number, wValue: number): Uint8Array | undefined {
  if (wValue === Control.clockValid && bRequest === AudioRequest.CUR) return Uint8Array.of(1);
  if (wValue !== Control.samplingFrequency) return undefined;
  if (bRequest === AudioRequest.CUR) return Uint8Array.from(u32(SAMPLING_FREQUENCY));
  const range = [...u32(SAMPLING_FREQUENCY), ...u32(SAMPLING_FREQUENCY), ...u32(0)];
  return bRequest === AudioRequest.RANGE ? Uint8Array.of(...u16(1), ...range) : undefined;
}

/** [USB Audio 2.0] 5.2.5.7 */
function read(controls: AudioChannelControls, bRequest: number, wValue: number): Uint8Array | undefined {
  if (wValue === Control.mute)
    return bRequest === AudioRequest.CUR ? Uint8Array.of(controls.isMuted ? 1 : 0) : undefined;
  if (wValue !== Control.volume) return undefined;
  if (bRequest === AudioRequest.CUR) return Uint8Array.from(u16(controls.volume));
  const range = [...u16(VOLUME.min), ...u16(VOLUME.max), ...u16(VOLUME.res)];
  return bRequest === AudioRequest.RANGE ? Uint8Array.of(...u16(1), ...range) : undefined;
}

function write(
  controls: AudioChannelControls,
  bRequest: number,
  wValue: number,
  data: Uint8Array,
): Uint8Array | undefined {
  if (bRequest !== AudioRequest.CUR) return undefined;
  const [low = 0, high = 0] = data;
  if (wValue === Control.mute && data.byteLength === 1) controls.isMuted = low !== 0;
  else if (wValue === Control.volume && data.byteLength === 2) controls.setVolume(low | (high << 8));
  else return undefined;
  return NO_BYTES;
}

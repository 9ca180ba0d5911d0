import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { AudioEndpoint, AudioInterface, FeatureUnit, SAMPLING_FREQUENCIES } from './usbAudioDescriptors.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { u16 } from './classDescriptors.ts';

/** bRequest, [USB Audio 1.0] A.9; GET_ has bit 7. */
const AudioRequest = { SET_CUR: 0x01, GET_CUR: 0x81, GET_MIN: 0x82, GET_MAX: 0x83, GET_RES: 0x84 } as const;
/** wValue's high byte, [USB Audio 1.0] A.10.2 and A.10.5. */
const Control = { mute: 1, volume: 2, samplingFrequency: 1 } as const;
/** 1/256 dB: -60 dB to 0 dB in steps of 1 dB. */
export const VOLUME = { min: -60 * 256, max: 0, res: 256 };

/** One direction of the device, as its controls set it. */
export class AudioChannelControls {
  /** The mute control. */
  isMuted = false;
  /** 1/256 dB. */
  volume = VOLUME.max;
  /** Samples a second. */
  samplingFrequency = Math.max(...SAMPLING_FREQUENCIES);

  /** By how much samples are to be multiplied. */
  get gain(): number {
    return this.isMuted ? 0 : 10 ** (this.volume / 256 / 20);
  }

  /**
   * Sets the volume as a request does.
   * @param volume - 16 bits with a sign, as the host sent them: of the volumes that there are, the nearest is taken
   */
  setVolume(volume: number): void {
    this.volume = Math.min(Math.max((volume << 16) >> 16, VOLUME.min), VOLUME.max);
  }
}

/** The requests of Audio Class 1.0 for two feature units and two endpoints, [USB Audio 1.0] 5.2. */
export class AudioControls {
  readonly speaker = new AudioChannelControls();
  readonly microphone = new AudioChannelControls();
  readonly #frequencyChanged: (endpointAddress: number) => void;

  constructor(frequencyChanged: (endpointAddress: number) => void) {
    this.#frequencyChanged = frequencyChanged;
  }

  /** Undefined stalls. */
  handleControl({ bmRequestType, bRequest, wValue, wIndex }: SetupPacket, data: Uint8Array): Uint8Array | undefined {
    const isIn = (bmRequestType & RequestType.directionIn) !== 0;
    // Bit 7 of bRequest says the same.
    if ((bmRequestType & RequestType.typeMask) !== RequestType.class || isIn !== bRequest > 0x80) return undefined;
    switch (bmRequestType & RequestType.recipientMask) {
      case RequestType.interface:
        if ((wIndex & 0xff) !== AudioInterface.control) return undefined;
        return featureRequest(this.#unit(wIndex >> 8), bRequest, wValue, data);
      case RequestType.endpoint:
        return this.#frequencyRequest(wIndex, bRequest, wValue, data);
      default:
        return undefined;
    }
  }

  #unit(id: number): AudioChannelControls | undefined {
    if (id === FeatureUnit.speaker) return this.speaker;
    return id === FeatureUnit.microphone ? this.microphone : undefined;
  }

  /** [USB Audio 1.0] 5.2.3.2.3.1: of the frequencies that there are, the nearest is taken. */
  #frequencyRequest(wIndex: number, bRequest: number, wValue: number, data: Uint8Array): Uint8Array | undefined {
    const controls = { [AudioEndpoint.speaker]: this.speaker, [AudioEndpoint.microphone]: this.microphone }[wIndex];
    if (controls === undefined || wValue !== Control.samplingFrequency << 8) return undefined;
    if (bRequest === AudioRequest.GET_CUR) {
      const { samplingFrequency } = controls;
      return Uint8Array.of(samplingFrequency & 0xff, (samplingFrequency >> 8) & 0xff, samplingFrequency >> 16);
    }
    const [low, middle, high] = data;
    const fits = bRequest === AudioRequest.SET_CUR && data.byteLength === 3;
    if (!fits || low === undefined || middle === undefined || high === undefined) return undefined;
    const wanted = low | (middle << 8) | (high << 16);
    controls.samplingFrequency = SAMPLING_FREQUENCIES.reduce((best, each) =>
      Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best,
    );
    this.#frequencyChanged(wIndex);
    return NO_BYTES;
  }
}

/** [USB Audio 1.0] 5.2.2.4.3: mute and volume, for all channels at once (channel 0). */
function featureRequest(
  controls: AudioChannelControls | undefined,
  bRequest: number,
  wValue: number,
  data: Uint8Array,
): Uint8Array | undefined {
  if (controls === undefined) return undefined;
  if (wValue === Control.mute << 8) return muteRequest(controls, bRequest, data);
  return wValue === Control.volume << 8 ? volumeRequest(controls, bRequest, data) : undefined;
}

function muteRequest(controls: AudioChannelControls, bRequest: number, data: Uint8Array): Uint8Array | undefined {
  if (bRequest === AudioRequest.GET_CUR) return Uint8Array.of(controls.isMuted ? 1 : 0);
  if (bRequest !== AudioRequest.SET_CUR || data.byteLength !== 1) return undefined;
  controls.isMuted = data[0] !== 0;
  return NO_BYTES;
}

function volumeRequest(controls: AudioChannelControls, bRequest: number, data: Uint8Array): Uint8Array | undefined {
  switch (bRequest) {
    case AudioRequest.GET_CUR:
      return i16(controls.volume);
    case AudioRequest.GET_MIN:
      return i16(VOLUME.min);
    case AudioRequest.GET_MAX:
      return i16(VOLUME.max);
    case AudioRequest.GET_RES:
      return i16(VOLUME.res);
    case AudioRequest.SET_CUR: {
      const [low, high] = data;
      if (data.byteLength !== 2 || low === undefined || high === undefined) return undefined;
      controls.setVolume(low | (high << 8));
      return NO_BYTES;
    }
    default:
      return undefined;
  }
}

function i16(value: number): Uint8Array {
  return Uint8Array.from(u16(value));
}

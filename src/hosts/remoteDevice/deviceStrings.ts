import { DecodeError } from '../../../codecs/core/errors.ts';
import type { Codec } from '../../../codecs/core/message.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { RequestType, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import { LanguageListDescriptor, StringDescriptor } from '../../../codecs/usb/stringDescriptor.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';

/** Milliseconds that a device has for one string: some never answer, and their names are not worth waiting for. */
const TIMEOUT = 1000;
const ENGLISH = 0x0409;

/**
 * Reads string descriptors in the device's English, or else first, language, [USB 2.0] 9.6.7. What the device refuses
 * or garbles is not in the result; some devices have no strings in spite of their indexes.
 * @throws what `run` throws.
 */
export async function readStrings(
  run: (operation: UsbOperation) => Promise<UsbResult>,
  indexes: Iterable<number>,
): Promise<Map<number, string>> {
  const strings = new Map<number, string>();
  const wanted = [...new Set(indexes)].filter((index) => index !== 0);
  if (wanted.length === 0) return strings;
  const languages = decode(LanguageListDescriptor, await run(getString(0, 0)))?.wLANGID ?? [];
  const language = languages.includes(ENGLISH) ? ENGLISH : languages[0];
  if (language === undefined) return strings;
  await Promise.all(
    wanted.map(async (index) => {
      const text = decode(StringDescriptor, await run(getString(index, language)))?.bString;
      if (text !== undefined) strings.set(index, text);
    }),
  );
  return strings;
}

function getString(index: number, language: number): UsbOperation {
  return {
    type: 'control',
    setup: {
      bmRequestType: RequestType.directionIn | RequestType.standard | RequestType.device,
      bRequest: StandardRequest.GET_DESCRIPTOR,
      wValue: (DescriptorType.STRING << 8) | index,
      wIndex: language,
      wLength: 255,
    },
    data: NO_BYTES,
    timeout: TIMEOUT,
  };
}

function decode<V>(codec: Codec<V>, { status, data }: UsbResult): V | undefined {
  if (status !== 'completed') return undefined;
  try {
    return codec.decode(new Reader(data, codec.name, codec.spec, { lenient: true }));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

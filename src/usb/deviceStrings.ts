import { DecodeError } from '../../codecs/core/errors.ts';
import type { Codec } from '../../codecs/core/message.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { LanguageListDescriptor, StringDescriptor } from '../../codecs/usb/stringDescriptor.ts';
import type { UsbOperation, UsbResult } from '../ports/usb.ts';
import { getDescriptor } from './getDescriptor.ts';

const ENGLISH = 0x0409;
const LONGEST_DESCRIPTOR = 255;
/** bLength and bDescriptorType. */
const HEADER_SIZE = 2;

/** Performs one operation on a device and gives its result. */
export type RunOperation = (operation: UsbOperation) => Promise<UsbResult>;

/**
 * The language in which a device's strings are read: English, or else its first one, [USB 2.0] 9.6.7. Undefined: it has no
 * strings, for it does not give the list of its languages; Linux, too, takes it so.
 *
 * @param timeout - milliseconds for each request
 * @throws what `run` throws
 */
export async function readLanguage(run: RunOperation, timeout: number): Promise<number | undefined> {
  const list = await readString(run, 0, 0, timeout);
  if (list.status !== 'completed') return undefined;
  const languages = decode(LanguageListDescriptor, list)?.wLANGID ?? [];
  // A list that is empty or garbled: the device may have strings all the same.
  const [first = ENGLISH] = languages;
  return languages.includes(ENGLISH) ? ENGLISH : first;
}

/**
 * Reads string descriptors in one language. Texts end at the first NUL and have no white space around them. A string that
 * the device refuses, garbles or leaves blank is not in the result; some devices have no strings in spite of their indexes.
 * All are asked for at once.
 *
 * @param timeout - milliseconds for each request
 * @param readsIn - the language; by default the device is asked for it, if there is a string to read
 * @throws what `run` throws
 */
export async function readStrings(
  run: RunOperation,
  indexes: Iterable<number>,
  timeout: number,
  readsIn?: number,
): Promise<Map<number, string>> {
  const strings = new Map<number, string>();
  const wanted = [...new Set(indexes)].filter((index) => index !== 0);
  if (wanted.length === 0) return strings;
  const language = readsIn ?? (await readLanguage(run, timeout));
  if (language === undefined) return strings;
  await Promise.all(
    wanted.map(async (index) => {
      const text = decode(StringDescriptor, await readString(run, index, language, timeout))?.bString;
      const [visible = ''] = text?.split('\0') ?? [];
      if (visible.trim() !== '') strings.set(index, visible.trim());
    }),
  );
  return strings;
}

/** Some devices stall a request for more bytes than the string has: these are asked for its length first. */
async function readString(run: RunOperation, index: number, language: number, timeout: number): Promise<UsbResult> {
  const read = (length: number) => run(getDescriptor(DescriptorType.STRING, index, length, timeout, language));
  const whole = await read(LONGEST_DESCRIPTOR);
  if (!isWorthRetrying(whole)) return whole;
  const { status, data } = await read(HEADER_SIZE);
  const [length = 0] = data;
  return status === 'completed' && length > HEADER_SIZE ? read(length) : whole;
}

function isWorthRetrying({ status, data }: UsbResult): boolean {
  if (status === 'completed') return data.byteLength < HEADER_SIZE;
  return status !== 'timedOut' && status !== 'cancelled' && status !== 'disconnected';
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

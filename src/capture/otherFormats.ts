/** Bytes of a file by which {@link otherFormat} tells what it is. */
export const SNIFFED_BYTES = 24;

const MAGICS: readonly (readonly [magic: readonly number[], name: string])[] = [
  [[0x1f, 0x8b], 'compressed by gzip: unpack it first (gunzip)'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed by zstd: unpack it first (unzstd)'],
  [[0xfd, 0x37, 0x7a, 0x58], 'compressed by xz: unpack it first (unxz)'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive: unpack it first'],
  [[0xa1, 0xb2, 0xcd, 0x34], 'a modified pcap file: `editcap -F pcap` makes one that can be read'],
  [[0x34, 0xcd, 0xb2, 0xa1], 'a modified pcap file: `editcap -F pcap` makes one that can be read'],
];
/** A line of usbmon's text interface: a tag, a time, the event, and the kind of transfer. */
const USBMON_TEXT = /^[0-9a-f]{8,16} \d+ [SCE] [CZIB]/;
const TEXT_MESSAGES = 'a capture of messages: name it .jsonl';

/** Whether a file that begins with these bytes can be JSON lines. */
export function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, SNIFFED_BYTES);
  return start.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13) && !isUsbmonText(start);
}

function isUsbmonText(start: Uint8Array): boolean {
  return USBMON_TEXT.test(String.fromCharCode(...start));
}

/** What a file is that is no recording of USB traffic, by its first bytes; undefined for what is not known. */
export function otherFormat(bytes: Uint8Array): string | undefined {
  const found = MAGICS.find(([magic]) => magic.every((byte, index) => bytes[index] === byte));
  if (found !== undefined) return found[1];
  const start = bytes.subarray(0, SNIFFED_BYTES);
  if (isUsbmonText(start)) return 'text of usbmon: record pcap with tcpdump or Wireshark instead';
  return String.fromCharCode(...start)
    .trimStart()
    .startsWith('{')
    ? TEXT_MESSAGES
    : undefined;
}

import { UsageError } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './rdpStructs.generated.ts';
import { decodeUtf16, encodeUtf16 } from '../core/text.ts';

/** TS_INFO_PACKET behind its security header, [MS-RDPBCGR] 2.2.1.11.1.1: who the client says the user is. */
export interface ClientInfo {
  readonly codePage: number;
  /** Bits of {@link InfoFlag}. */
  readonly flags: number;
  readonly domain: string;
  readonly userName: string;
  readonly password: string;
  readonly alternateShell: string;
  readonly workingDir: string;
  /** TS_EXTENDED_INFO_PACKET, as it came; empty from RDP 4.0 clients. */
  readonly extraInfo: Uint8Array;
}

/** Bits of TS_INFO_PACKET.flags. */
export const InfoFlag = {
  INFO_MOUSE: 0x00000001,
  INFO_AUTOLOGON: 0x00000008,
  INFO_UNICODE: 0x00000010,
  INFO_COMPRESSION: 0x00000080,
} as const;

const Head = struct('TS_INFO_PACKET', {
  CodePage: 'u32',
  flags: 'u32',
  cbDomain: 'u16',
  cbUserName: 'u16',
  cbPassword: 'u16',
  cbAlternateShell: 'u16',
  cbWorkingDir: 'u16',
});

export const ClientInfo: Codec<ClientInfo> = {
  name: 'TS_INFO_PACKET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.11.1.1' },
  decode(reader) {
    const head = Head.decode(reader);
    const unicode = (head.flags & InfoFlag.INFO_UNICODE) !== 0;
    return {
      codePage: head.CodePage,
      flags: head.flags,
      domain: readText(reader, head.cbDomain, unicode, 'Domain'),
      userName: readText(reader, head.cbUserName, unicode, 'UserName'),
      password: readText(reader, head.cbPassword, unicode, 'Password'),
      alternateShell: readText(reader, head.cbAlternateShell, unicode, 'AlternateShell'),
      workingDir: readText(reader, head.cbWorkingDir, unicode, 'WorkingDir'),
      extraInfo: reader.rest(),
    };
  },
  encode(value) {
    const unicode = (value.flags & InfoFlag.INFO_UNICODE) !== 0;
    const terminator = unicode ? 2 : 1;
    const texts = [
      encodeText(value.domain, unicode),
      encodeText(value.userName, unicode),
      encodeText(value.password, unicode),
      encodeText(value.alternateShell, unicode),
      encodeText(value.workingDir, unicode),
    ] as const;
    const head = Head.encode({
      CodePage: value.codePage,
      flags: value.flags,
      cbDomain: texts[0].byteLength - terminator,
      cbUserName: texts[1].byteLength - terminator,
      cbPassword: texts[2].byteLength - terminator,
      cbAlternateShell: texts[3].byteLength - terminator,
      cbWorkingDir: texts[4].byteLength - terminator,
    });
    return [head, ...texts, value.extraInfo];
  },
};

/** `size` does not count the NUL that follows the text. ANSI text is taken for Latin-1: no code page is asked. */
function readText(reader: Reader, size: number, unicode: boolean, field: string): string {
  if (unicode && size % 2 !== 0) throw reader.error('INVALID_VALUE', `cb${field}`, `${size} bytes of UTF-16`);
  const bytes = reader.take(size, field);
  reader.pad(unicode ? 2 : 1, field);
  return unicode ? decodeUtf16(bytes) : String.fromCharCode(...bytes);
}

function encodeText(text: string, unicode: boolean): Uint8Array {
  if (unicode) return encodeUtf16(text);
  return Uint8Array.from(`${text}\0`, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0xff) throw new UsageError('TS_INFO_PACKET: this text needs INFO_UNICODE');
    return code;
  });
}

import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';
import { decodeUtf16 } from '../core/text.ts';

/** TS_INFO_PACKET after its security header, [MS-RDPBCGR] 2.2.1.11.1.1: the user, as the client names them. */
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
  INFO_DISABLECTRLALTDEL: 0x00000002,
  INFO_AUTOLOGON: 0x00000008,
  INFO_UNICODE: 0x00000010,
  INFO_MAXIMIZESHELL: 0x00000020,
  INFO_LOGONNOTIFY: 0x00000040,
  INFO_COMPRESSION: 0x00000080,
  INFO_LOGONERRORS: 0x00010000,
  INFO_NOAUDIOPLAYBACK: 0x00080000,
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

export const ClientInfo = codec<ClientInfo>({
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
  write(out, value) {
    const unicode = (value.flags & InfoFlag.INFO_UNICODE) !== 0;
    const width = unicode ? 2 : 1;
    Head.write(out, {
      CodePage: value.codePage,
      flags: value.flags,
      cbDomain: width * value.domain.length,
      cbUserName: width * value.userName.length,
      cbPassword: width * value.password.length,
      cbAlternateShell: width * value.alternateShell.length,
      cbWorkingDir: width * value.workingDir.length,
    });
    for (const text of [value.domain, value.userName, value.password, value.alternateShell, value.workingDir]) {
      writeText(out, text, unicode);
    }
    out.append(value.extraInfo);
  },
});

/** `size` does not count the NUL that follows the text. ANSI text is read as Latin-1, whatever the code page. */
function readText(reader: Reader, size: number, unicode: boolean, field: string): string {
  if (unicode && size % 2 !== 0) throw reader.error('INVALID_VALUE', `cb${field}`, `${size} bytes of UTF-16`);
  const bytes = reader.take(size, field);
  reader.pad(unicode ? 2 : 1, field);
  return unicode ? decodeUtf16(bytes) : String.fromCharCode(...bytes);
}

function writeText(out: Writer, text: string, unicode: boolean): void {
  if (unicode) out.utf16(`${text}\0`);
  else out.ansi(`${text}\0`, 'TS_INFO_PACKET without INFO_UNICODE');
}

import { codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

/** Bits of TS_SECURITY_HEADER.flags, [MS-RDPBCGR] 2.2.8.1.1.2.1, as far as they occur inside TLS. */
export const SecurityFlag = {
  SEC_ENCRYPT: 0x0008,
  SEC_INFO_PKT: 0x0040,
  SEC_LICENSE_PKT: 0x0080,
  SEC_LICENSE_ENCRYPT_CS: 0x0200,
} as const;

/** TS_SECURITY_HEADER, the basic one: inside TLS only client information and licensing PDUs have it. */
export interface SecurityHeader {
  readonly flags: number;
  readonly flagsHi: number;
}

const Head = struct('TS_SECURITY_HEADER', { flags: 'u16', flagsHi: 'u16' });

export const SecurityHeader = codec<SecurityHeader>({
  name: 'TS_SECURITY_HEADER',
  spec: { document: 'MS-RDPBCGR', section: '2.2.8.1.1.2.1' },
  decode: (reader) => Head.decode(reader),
  write: (out, value) => Head.write(out, value),
});

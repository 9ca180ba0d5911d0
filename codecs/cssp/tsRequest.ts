import {
  berContext,
  BerTag,
  readBer,
  readBerContext,
  readBerInteger,
  readBerOctets,
  readBerOptional,
  wrapBer,
  writeBerContext,
  writeBerInteger,
  writeBerOctets,
} from '../core/ber.ts';
import { codec } from '../core/message.ts';
import type { Writer } from '../core/writer.ts';

/** TSRequest, [MS-CSSP] 2.2.1: the one message of CredSSP, in both directions. */
export interface TsRequest {
  readonly name: 'TSRequest';
  /** 2 to 6. */
  readonly version: number;
  /** Tokens of SPNEGO or NTLM; peers send one. */
  readonly negoTokens?: readonly Uint8Array[];
  /** TSCredentials, encrypted. */
  readonly authInfo?: Uint8Array;
  /** The server's public key, or its hash, encrypted. */
  readonly pubKeyAuth?: Uint8Array;
  /** NTSTATUS, 32 bits without a sign; from version 3 on. */
  readonly errorCode?: number;
  /** 32 bytes; from version 5 on. */
  readonly clientNonce?: Uint8Array;
}

export const TsRequest = codec<TsRequest>({
  name: 'TSRequest',
  spec: { document: 'MS-CSSP', section: '2.2.1' },
  decode(reader) {
    const content = readBer(reader, BerTag.SEQUENCE, 'SEQUENCE');
    const octets = (field: string) => (element: typeof reader) => readBerOctets(element, field);
    const version = readBerContext(content, 0, 'version', (element) => readBerInteger(element, 'version'));
    const negoTokens = readBerOptional(content, 1, 'negoTokens', (element) => {
      const list = readBer(element, BerTag.SEQUENCE, 'NegoData');
      const tokens: Uint8Array[] = [];
      while (list.remaining > 0) {
        const item = readBer(list, BerTag.SEQUENCE, 'NegoData');
        tokens.push(readBerContext(item, 0, 'negoToken', octets('negoToken')));
        item.end();
      }
      return tokens;
    });
    const authInfo = readBerOptional(content, 2, 'authInfo', octets('authInfo'));
    const pubKeyAuth = readBerOptional(content, 3, 'pubKeyAuth', octets('pubKeyAuth'));
    const errorCode = readBerOptional(content, 4, 'errorCode', (element) => readBerInteger(element, 'errorCode'));
    const clientNonce = readBerOptional(content, 5, 'clientNonce', octets('clientNonce'));
    content.end();
    return {
      name: 'TSRequest',
      version,
      ...(negoTokens !== undefined && { negoTokens }),
      ...(authInfo !== undefined && { authInfo }),
      ...(pubKeyAuth !== undefined && { pubKeyAuth }),
      ...(errorCode !== undefined && { errorCode }),
      ...(clientNonce !== undefined && { clientNonce }),
    };
  },
  write(out, { version, negoTokens, authInfo, pubKeyAuth, errorCode, clientNonce }) {
    const start = out.position;
    writeBerContext(out, 0, () => writeBerInteger(out, version, 'version'));
    if (negoTokens !== undefined) writeBerContext(out, 1, () => writeNegoData(out, negoTokens));
    if (authInfo !== undefined) writeBerContext(out, 2, () => writeBerOctets(out, authInfo));
    if (pubKeyAuth !== undefined) writeBerContext(out, 3, () => writeBerOctets(out, pubKeyAuth));
    if (errorCode !== undefined) writeBerContext(out, 4, () => writeBerInteger(out, errorCode, 'errorCode'));
    if (clientNonce !== undefined) writeBerContext(out, 5, () => writeBerOctets(out, clientNonce));
    wrapBer(out, start, BerTag.SEQUENCE);
  },
});

function writeNegoData(out: Writer, tokens: readonly Uint8Array[]): void {
  const start = out.position;
  for (const token of tokens) {
    const item = out.position;
    writeBerContext(out, 0, () => writeBerOctets(out, token));
    wrapBer(out, item, BerTag.SEQUENCE);
  }
  wrapBer(out, start, BerTag.SEQUENCE);
}

/** TSPasswordCreds in TSCredentials, [MS-CSSP] 2.2.1.2: what the server gets once it has proven that it is the right one. */
export interface TsPasswordCredentials {
  readonly name: 'TSCredentials';
  readonly domainName: string;
  readonly userName: string;
  readonly password: string;
}

/** credType of a password. */
const PASSWORD = 1;

export const TsPasswordCredentials = codec<TsPasswordCredentials>({
  name: 'TSCredentials',
  spec: { document: 'MS-CSSP', section: '2.2.1.2' },
  decode(reader) {
    const credentials = readBer(reader, BerTag.SEQUENCE, 'SEQUENCE');
    readBerContext(credentials, 0, 'credType', (element) => {
      const credType = readBerInteger(element, 'credType');
      if (credType !== PASSWORD) throw element.error('UNKNOWN_MESSAGE', 'credType', `${credType} is no password`, 1);
    });
    const value = readBerContext(credentials, 1, 'credentials', (element) => {
      const wrapped = readBer(element, BerTag.OCTET_STRING, 'credentials');
      const content = readBer(wrapped, BerTag.SEQUENCE, 'TSPasswordCreds');
      const text = (number: number, field: string) =>
        readBerContext(content, number, field, (each) => {
          const string = readBer(each, BerTag.OCTET_STRING, field);
          return string.utf16(Math.floor(string.remaining / 2), field);
        });
      const name = 'TSCredentials' as const;
      const [domainName, userName, password] = [text(0, 'domainName'), text(1, 'userName'), text(2, 'password')];
      content.end();
      wrapped.end();
      return { name, domainName, userName, password };
    });
    credentials.end();
    return value;
  },
  write(out, { domainName, userName, password }) {
    const start = out.position;
    writeBerContext(out, 0, () => writeBerInteger(out, PASSWORD, 'credType'));
    const tagged = out.position;
    [domainName, userName, password].forEach((text, index) => {
      writeBerContext(out, index, () => {
        const string = out.position;
        out.utf16(text);
        wrapBer(out, string, BerTag.OCTET_STRING);
      });
    });
    for (const tag of [BerTag.SEQUENCE, BerTag.OCTET_STRING, berContext(1)]) wrapBer(out, tagged, tag);
    wrapBer(out, start, BerTag.SEQUENCE);
  },
});

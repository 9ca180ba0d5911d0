import {
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

/** The tokens by which two ends agree on NTLM, [RFC 4178] 4.2, with what [MS-SPNG] changes. */
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
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';

/** Contents of object identifiers, lower-case hex. */
export const MechType = {
  /** 1.3.6.1.4.1.311.2.2.10 */
  NTLM: '2b06010401823702020a',
  /** 1.2.840.113554.1.2.2 */
  KERBEROS: '2a864886f712010202',
} as const;

/** The client's first token, [RFC 4178] 4.2.1. */
export interface NegTokenInit {
  readonly name: 'NegTokenInit';
  /** Contents of object identifiers, best first: see {@link MechType}. */
  readonly mechTypes: readonly Uint8Array[];
  /** The first token of the first mechanism. */
  readonly mechToken?: Uint8Array;
  readonly mechListMIC?: Uint8Array;
}

/** Every later token, [RFC 4178] 4.2.2. */
export interface NegTokenResp {
  readonly name: 'NegTokenResp';
  /** Of {@link NegState}. */
  readonly negState?: number;
  /** Contents of an object identifier. */
  readonly supportedMech?: Uint8Array;
  readonly responseToken?: Uint8Array;
  readonly mechListMIC?: Uint8Array;
}

/** negState, [RFC 4178] 4.2.2. */
export const NegState = { ACCEPT_COMPLETED: 0, ACCEPT_INCOMPLETE: 1, REJECT: 2, REQUEST_MIC: 3 } as const;

/** 1.3.6.1.5.5.2 */
const SPNEGO_OID = [0x2b, 6, 1, 5, 5, 2];
const INIT = 0;
const RESPONSE = 1;

export const NegTokenInit = codec<NegTokenInit>({
  name: 'NegTokenInit',
  spec: { document: 'RFC 4178', section: '4.2.1' },
  decode(reader) {
    const token = readBer(reader, BerTag.APPLICATION_0, 'NegotiationToken');
    const mechanism = readBer(token, BerTag.OBJECT_IDENTIFIER, 'thisMech').rest();
    if (mechanism.byteLength !== SPNEGO_OID.length || !SPNEGO_OID.every((byte, index) => mechanism[index] === byte)) {
      throw reader.error('INVALID_VALUE', 'thisMech', 'not SPNEGO');
    }
    const value = readBerContext(token, INIT, 'negTokenInit', (element) => {
      const content = readBer(element, BerTag.SEQUENCE, 'SEQUENCE');
      const mechTypes = readBerContext(content, 0, 'mechTypes', readMechTypes);
      readBerOptional(content, 1, 'reqFlags', (each) => each.rest());
      const mechToken = octets(content, 2, 'mechToken');
      const mechListMIC = octets(content, 3, 'mechListMIC');
      content.end();
      return {
        name: 'NegTokenInit' as const,
        mechTypes,
        ...(mechToken !== undefined && { mechToken }),
        ...(mechListMIC !== undefined && { mechListMIC }),
      };
    });
    token.end();
    return value;
  },
  write(out, { mechTypes, mechToken, mechListMIC }) {
    const start = out.position;
    out.octets(BerTag.OBJECT_IDENTIFIER, SPNEGO_OID.length, ...SPNEGO_OID);
    writeBerContext(out, INIT, () => {
      const content = out.position;
      writeBerContext(out, 0, () => writeMechTypes(out, mechTypes));
      if (mechToken !== undefined) writeBerContext(out, 2, () => writeBerOctets(out, mechToken));
      if (mechListMIC !== undefined) writeBerContext(out, 3, () => writeBerOctets(out, mechListMIC));
      wrapBer(out, content, BerTag.SEQUENCE);
    });
    wrapBer(out, start, BerTag.APPLICATION_0);
  },
});

export const NegTokenResp = codec<NegTokenResp>({
  name: 'NegTokenResp',
  spec: { document: 'RFC 4178', section: '4.2.2' },
  decode: (reader) =>
    readBerContext(reader, RESPONSE, 'negTokenResp', (element) => {
      const content = readBer(element, BerTag.SEQUENCE, 'SEQUENCE');
      const state = (each: Reader) => readBerInteger(each, 'negState', BerTag.ENUMERATED);
      const negState = readBerOptional(content, 0, 'negState', state);
      const mechanism = (each: Reader) => readBer(each, BerTag.OBJECT_IDENTIFIER, 'supportedMech').rest();
      const supportedMech = readBerOptional(content, 1, 'supportedMech', mechanism);
      const responseToken = octets(content, 2, 'responseToken');
      const mechListMIC = octets(content, 3, 'mechListMIC');
      content.end();
      return {
        name: 'NegTokenResp' as const,
        ...(negState !== undefined && { negState }),
        ...(supportedMech !== undefined && { supportedMech }),
        ...(responseToken !== undefined && { responseToken }),
        ...(mechListMIC !== undefined && { mechListMIC }),
      };
    }),
  write(out, { negState, supportedMech, responseToken, mechListMIC }) {
    const start = out.position;
    if (negState !== undefined) {
      writeBerContext(out, 0, () => writeBerInteger(out, negState, 'negState', BerTag.ENUMERATED));
    }
    if (supportedMech !== undefined) writeBerContext(out, 1, () => writeMechType(out, supportedMech));
    if (responseToken !== undefined) writeBerContext(out, 2, () => writeBerOctets(out, responseToken));
    if (mechListMIC !== undefined) writeBerContext(out, 3, () => writeBerOctets(out, mechListMIC));
    wrapBer(out, start, BerTag.SEQUENCE);
    wrapBer(out, start, berContext(RESPONSE));
  },
});

function readMechTypes(reader: Reader): readonly Uint8Array[] {
  const list = readBer(reader, BerTag.SEQUENCE, 'mechTypes');
  const types: Uint8Array[] = [];
  while (list.remaining > 0) types.push(readBer(list, BerTag.OBJECT_IDENTIFIER, 'mechType').rest());
  return types;
}

function writeMechTypes(out: Writer, mechTypes: readonly Uint8Array[]): void {
  const start = out.position;
  for (const each of mechTypes) writeMechType(out, each);
  wrapBer(out, start, BerTag.SEQUENCE);
}

function writeMechType(out: Writer, mechType: Uint8Array): void {
  const start = out.position;
  out.append(mechType);
  wrapBer(out, start, BerTag.OBJECT_IDENTIFIER);
}

function octets(content: Reader, number: number, field: string): Uint8Array | undefined {
  return readBerOptional(content, number, field, (each) => readBerOctets(each, field));
}

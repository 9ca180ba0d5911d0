import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';

const REQUEST_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.1' };
const CONFIRM_SPEC = { document: 'MS-RDPBCGR', section: '2.2.1.2' };
const DATA_SPEC = { document: 'X.224', section: '13.7' };

/** Bits of requestedProtocols, and values of selectedProtocol, [MS-RDPBCGR] 2.2.1.1.1. */
export const SecurityProtocol = {
  PROTOCOL_RDP: 0x00000000,
  PROTOCOL_SSL: 0x00000001,
  PROTOCOL_HYBRID: 0x00000002,
  PROTOCOL_RDSTLS: 0x00000004,
  PROTOCOL_HYBRID_EX: 0x00000008,
  PROTOCOL_RDSAAD: 0x00000010,
} as const;

/** failureCode of RDP_NEG_FAILURE, [MS-RDPBCGR] 2.2.1.2.2. */
export const NegotiationFailure = {
  SSL_REQUIRED_BY_SERVER: 1,
  SSL_NOT_ALLOWED_BY_SERVER: 2,
  SSL_CERT_NOT_ON_SERVER: 3,
  INCONSISTENT_FLAGS: 4,
  HYBRID_REQUIRED_BY_SERVER: 5,
  SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER: 6,
} as const;

/** Bits of RDP_NEG_RSP.flags that are not about the security, [MS-RDPBCGR] 2.2.1.2.1. */
export const NegotiationResponseFlag = {
  EXTENDED_CLIENT_DATA_SUPPORTED: 0x01,
  DYNVC_GFX_PROTOCOL_SUPPORTED: 0x02,
} as const;

/** CORRELATION_INFO_PRESENT of RDP_NEG_REQ.flags. */
export const CORRELATION_INFO_PRESENT = 0x08;

/** The X.224 Connection Request of RDP, after its TPKT header, [MS-RDPBCGR] 2.2.1.1. */
export interface X224ConnectionRequest {
  readonly sourceReference: number;
  /** A routing token or cookie without the CR and LF that end it, e.g. `Cookie: mstshash=name`. */
  readonly cookie?: string;
  /** RDP_NEG_REQ; a client without it wants standard RDP security. */
  readonly negotiation?: {
    readonly flags: number;
    /** Bits of {@link SecurityProtocol}. */
    readonly requestedProtocols: number;
  };
  /** RDP_NEG_CORRELATION_INFO: 16 bytes. */
  readonly correlationId?: Uint8Array;
}

/** The X.224 Connection Confirm of RDP, after its TPKT header, [MS-RDPBCGR] 2.2.1.2. */
export interface X224ConnectionConfirm {
  readonly destinationReference: number;
  readonly sourceReference: number;
  readonly negotiation?:
    | { readonly type: 'response'; readonly flags: number; readonly selectedProtocol: number }
    | { readonly type: 'failure'; readonly failureCode: number };
}

const CODE_REQUEST = 0xe0;
const CODE_CONFIRM = 0xd0;
/** The most that a length indicator can announce, itself not counted; 255 is reserved. */
const LARGEST_INDICATOR = 254;
const COOKIE_END = '\r\n';

const TYPE_RDP_NEG_REQ = 1;
const TYPE_RDP_NEG_RSP = 2;
const TYPE_RDP_NEG_FAILURE = 3;
const TYPE_RDP_CORRELATION_INFO = 6;

const Fixed = struct('X224_TPDU', { LI: 'u8', code: 'u8', dstRef: 'u16be', srcRef: 'u16be', class: 'u8' });
const Negotiation = struct('RDP_NEG', { type: 'u8', flags: 'u8', length: 'u16', value: 'u32' });
const Correlation = struct('RDP_NEG_CORRELATION_INFO', { type: 'u8', flags: 'u8', length: 'u16' });
const CORRELATION_ID_SIZE = 16;
const CORRELATION_RESERVED = 16;
const CORRELATION_SIZE = Correlation.size + CORRELATION_ID_SIZE + CORRELATION_RESERVED;

export const X224ConnectionRequest = codec<X224ConnectionRequest>({
  name: 'X224_CONNECTION_REQUEST',
  spec: REQUEST_SPEC,
  decode(reader) {
    const { sourceReference, variable } = readFixed(reader, CODE_REQUEST);
    const cookie = readCookie(variable);
    const negotiation = variable.remaining === 0 ? undefined : variable.structure(NegotiationRequest);
    const hasCorrelation = ((negotiation?.flags ?? 0) & CORRELATION_INFO_PRESENT) !== 0;
    const correlationId = hasCorrelation ? variable.structure(CorrelationInfo) : undefined;
    variable.end();
    return {
      sourceReference,
      ...(cookie === undefined ? {} : { cookie }),
      ...(negotiation === undefined
        ? {}
        : { negotiation: { flags: negotiation.flags, requestedProtocols: negotiation.value } }),
      ...(correlationId === undefined ? {} : { correlationId }),
    };
  },
  write(out, { sourceReference, cookie, negotiation, correlationId }) {
    const announced = ((negotiation?.flags ?? 0) & CORRELATION_INFO_PRESENT) !== 0;
    if (announced !== (correlationId !== undefined)) {
      throw new UsageError('X224_CONNECTION_REQUEST: CORRELATION_INFO_PRESENT and correlationId go together');
    }
    const start = beginTpdu(out, CODE_REQUEST, 0, sourceReference);
    if (cookie !== undefined) out.ansi(cookie + COOKIE_END, 'X224_CONNECTION_REQUEST.cookie');
    if (negotiation !== undefined) {
      const { flags, requestedProtocols } = negotiation;
      Negotiation.write(out, { type: TYPE_RDP_NEG_REQ, flags, length: Negotiation.size, value: requestedProtocols });
    }
    if (correlationId !== undefined) {
      if (correlationId.byteLength !== CORRELATION_ID_SIZE) {
        throw new UsageError(`X224_CONNECTION_REQUEST.correlationId has ${CORRELATION_ID_SIZE} bytes`);
      }
      Correlation.write(out, { type: TYPE_RDP_CORRELATION_INFO, flags: 0, length: CORRELATION_SIZE });
      out.append(correlationId);
      out.zeros(CORRELATION_RESERVED);
    }
    endTpdu(out, start);
  },
});

export const X224ConnectionConfirm = codec<X224ConnectionConfirm>({
  name: 'X224_CONNECTION_CONFIRM',
  spec: CONFIRM_SPEC,
  decode(reader) {
    const { destinationReference, sourceReference, variable } = readFixed(reader, CODE_CONFIRM);
    if (variable.remaining === 0) return { destinationReference, sourceReference };
    const { type, flags, value } = variable.structure(NegotiationAnswer);
    variable.end();
    const negotiation =
      type === TYPE_RDP_NEG_RSP
        ? ({ type: 'response', flags, selectedProtocol: value } as const)
        : ({ type: 'failure', failureCode: value } as const);
    return { destinationReference, sourceReference, negotiation };
  },
  write(out, { destinationReference, sourceReference, negotiation }) {
    const start = beginTpdu(out, CODE_CONFIRM, destinationReference, sourceReference);
    if (negotiation !== undefined) writeAnswer(out, negotiation);
    endTpdu(out, start);
  },
});

/** Early User Authorization Result, [MS-RDPBCGR] 2.2.10.2: follows CredSSP where PROTOCOL_HYBRID_EX was selected, without TPKT. */
export interface EarlyUserAuthorizationResult {
  /** 0: the user may come in; 5: it may not. */
  readonly authorizationResult: number;
}

const Authorization = struct('EARLY_USER_AUTHORIZATION_RESULT', { authorizationResult: 'u32' });
/** Bytes of an Early User Authorization Result. */
export const AUTHORIZATION_RESULT_SIZE = Authorization.size;

export const EarlyUserAuthorizationResult = codec<EarlyUserAuthorizationResult>({
  name: 'EARLY_USER_AUTHORIZATION_RESULT',
  spec: { document: 'MS-RDPBCGR', section: '2.2.10.2' },
  decode(reader) {
    const value = Authorization.decode(reader);
    reader.end();
    return value;
  },
  write: (out, value) => Authorization.write(out, value),
});

/** What precedes each MCS PDU after its TPKT header: X.224 Data, with the end-of-TSDU mark. */
export const X224_DATA_HEADER = Uint8Array.of(0x02, 0xf0, 0x80);

/** X.224 Data: `data` is one MCS PDU. */
export interface X224Data {
  readonly data: Uint8Array;
}

export const X224Data = codec<X224Data>({
  name: 'X224_DATA',
  spec: DATA_SPEC,
  decode(reader) {
    for (const [index, field] of (['LI', 'code', 'EOT'] as const).entries()) {
      const byte = reader.u8(field);
      if (byte !== X224_DATA_HEADER[index]) throw reader.error('INVALID_VALUE', field, `${byte} is not X.224 Data`, 1);
    }
    return { data: reader.rest() };
  },
  write(out, { data }) {
    out.octets(...X224_DATA_HEADER);
    out.append(data);
  },
});

function readFixed(reader: Reader, code: number) {
  const indicator = reader.u8('LI');
  const body = reader.sub(indicator, 'TPDU');
  const found = body.u8('code') & 0xf0;
  if (found !== code) throw body.error('INVALID_VALUE', 'code', `0x${found.toString(16)} is not expected`, 1);
  const destinationReference = body.u16be('dstRef');
  const sourceReference = body.u16be('srcRef');
  body.u8('class');
  reader.end();
  return { destinationReference, sourceReference, variable: body };
}

/** The fixed part of a connection PDU, to be completed by {@link endTpdu}; where it starts. */
function beginTpdu(out: Writer, code: number, destination: number, source: number): number {
  const start = out.position;
  Fixed.write(out, { LI: 0, code, dstRef: destination, srcRef: source, class: 0 });
  return start;
}

function endTpdu(out: Writer, start: number): void {
  const indicator = out.position - start - 1;
  if (indicator > LARGEST_INDICATOR) throw new UsageError(`an X.224 connection PDU of ${indicator} bytes is too long`);
  Fixed.patch(out, start, 'LI', indicator);
}

/** A cookie is everything up to CR LF. RDP_NEG_REQ, which may follow it or come without it, begins with a 1, which no text has. */
function readCookie(variable: Reader): string | undefined {
  if (variable.remaining === 0 || variable.peekU8('routingToken') === TYPE_RDP_NEG_REQ) return undefined;
  let cookie = '';
  while (!cookie.endsWith(COOKIE_END)) cookie += String.fromCharCode(variable.u8('routingToken'));
  return cookie.slice(0, -COOKIE_END.length);
}

/** [MS-RDPBCGR] 2.2.1.1.1 */
const NegotiationRequest = {
  name: 'RDP_NEG_REQ',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.1.1' },
  decode: (reader: Reader) => readNegotiation(reader, [TYPE_RDP_NEG_REQ]),
};

/** RDP_NEG_RSP or RDP_NEG_FAILURE: [MS-RDPBCGR] 2.2.1.2.1 and 2.2.1.2.2. */
const NegotiationAnswer = {
  name: 'RDP_NEG_RSP',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.2.1' },
  decode: (reader: Reader) => readNegotiation(reader, [TYPE_RDP_NEG_RSP, TYPE_RDP_NEG_FAILURE]),
};

function readNegotiation(reader: Reader, types: readonly number[]) {
  const negotiation = Negotiation.decode(reader);
  const { type, length } = negotiation;
  if (!types.includes(type)) {
    throw reader.error('INVALID_VALUE', 'type', `${type} is not ${types.join(' or ')}`, Negotiation.back('type'));
  }
  if (length !== Negotiation.size) {
    const problem = `${length} instead of ${Negotiation.size}`;
    throw reader.error('LENGTH_MISMATCH', 'length', problem, Negotiation.back('length'));
  }
  return negotiation;
}

/** [MS-RDPBCGR] 2.2.1.1.2 */
const CorrelationInfo = {
  name: 'RDP_NEG_CORRELATION_INFO',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.1.2' },
  decode(reader: Reader): Uint8Array {
    const { type, length } = Correlation.decode(reader);
    if (type !== TYPE_RDP_CORRELATION_INFO) {
      throw reader.error('INVALID_VALUE', 'type', `${type} is not ${TYPE_RDP_CORRELATION_INFO}`, Correlation.size);
    }
    if (length !== CORRELATION_SIZE) {
      const problem = `${length} instead of ${CORRELATION_SIZE}`;
      throw reader.error('LENGTH_MISMATCH', 'length', problem, Correlation.back('length'));
    }
    const correlationId = reader.take(CORRELATION_ID_SIZE, 'correlationId');
    reader.pad(CORRELATION_RESERVED, 'reserved');
    return correlationId;
  },
};

function writeAnswer(out: Writer, negotiation: NonNullable<X224ConnectionConfirm['negotiation']>): void {
  const length = Negotiation.size;
  switch (negotiation.type) {
    case 'response': {
      const { flags, selectedProtocol } = negotiation;
      Negotiation.write(out, { type: TYPE_RDP_NEG_RSP, flags, length, value: selectedProtocol });
      return;
    }
    case 'failure':
      Negotiation.write(out, { type: TYPE_RDP_NEG_FAILURE, flags: 0, length, value: negotiation.failureCode });
      return;
  }
}

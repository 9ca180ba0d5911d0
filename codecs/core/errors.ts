/** Where a rule is written down, e.g. `{ document: 'MS-RDPEUSB', section: '2.2.6.8' }`. */
export interface SpecRef {
  readonly document: string;
  readonly section: string;
}

/** `[MS-RDPEUSB] 2.2.6.8` */
export function formatSpec(spec: SpecRef): string {
  return `[${spec.document}] ${spec.section}`;
}

/** Every reason for which bytes are refused. Listed for users in docs/errors.md. */
export type DecodeErrorCode =
  'TRUNCATED' | 'TRAILING_BYTES' | 'LENGTH_MISMATCH' | 'INVALID_VALUE' | 'LIMIT_EXCEEDED' | 'UNKNOWN_MESSAGE';

export interface DecodeErrorDetails {
  readonly code: DecodeErrorCode;
  /** Offset in bytes from the start of the message that was given to the decoder. */
  readonly offset: number;
  /** Message, structure and field, outermost first: `['TRANSFER_OUT_REQUEST', 'TsUrb', 'RequestId']`. */
  readonly path: readonly string[];
  readonly spec: SpecRef;
  /** What is wrong, lower case, without a final period. */
  readonly problem: string;
}

/**
 * The peer's bytes are wrong. Prints as
 * `TRANSFER_OUT_REQUEST.RequestId: needs 4 bytes, 1 left (offset 20, [MS-RDPEUSB] 2.2.6.8)`.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: DecodeErrorCode;
  readonly offset: number;
  readonly path: readonly string[];
  readonly spec: SpecRef;

  constructor(details: DecodeErrorDetails) {
    const { code, offset, path, spec, problem } = details;
    super(`${path.join('.')}: ${problem} (offset ${offset}, ${formatSpec(spec)})`);
    this.code = code;
    this.offset = offset;
    this.path = path;
    this.spec = spec;
  }
}

/** The peer sent a well-formed message at a moment when it is not allowed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly state: string;
  readonly messageName: string;
  readonly spec: SpecRef;

  constructor(messageName: string, state: string, problem: string, spec: SpecRef) {
    super(`${messageName} in state ${state}: ${problem} (${formatSpec(spec)})`);
    this.state = state;
    this.messageName = messageName;
    this.spec = spec;
  }
}

/** The caller of this library asked for something impossible; nothing was changed or sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was thrown, as an Error: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

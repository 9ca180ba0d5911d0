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

/** What a {@link DecodeError} tells. */
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

/** Which rule of order the peer broke. Listed for users in docs/errors.md. */
export type ProtocolErrorCode = 'OUT_OF_SEQUENCE' | 'TIMED_OUT';

/** The peer sent a well-formed message at a moment when it is not allowed, or not in time. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Stable, for programs. */
  readonly code: ProtocolErrorCode;
  readonly state: string;
  readonly messageName: string;
  readonly spec: SpecRef;

  constructor(
    messageName: string,
    state: string,
    problem: string,
    spec: SpecRef,
    code: ProtocolErrorCode = 'OUT_OF_SEQUENCE',
  ) {
    super(`${messageName} in state ${state}: ${problem} (${formatSpec(spec)})`);
    this.code = code;
    this.state = state;
    this.messageName = messageName;
    this.spec = spec;
  }
}

/** Which mistake the caller made. Listed for users in docs/errors.md. */
export type UsageErrorCode = 'INVALID_ARGUMENT' | 'INVALID_FILE' | 'INVALID_STATE';

/** The caller of this library asked for something impossible; nothing was changed or sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Stable, for programs. */
  readonly code: UsageErrorCode;

  /** Without a code it is an argument that is wrong. */
  constructor(message: string, options: ErrorOptions & { readonly code?: UsageErrorCode } = {}) {
    super(message, options);
    this.code = options.code ?? 'INVALID_ARGUMENT';
  }
}

/** What was thrown, as an Error: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

import { TransportError, type TransportErrorCode } from '../../transports/transportError.ts';

/** Something that ends a command: one line for the user, and the exit status. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** 1: it did not work; 2: it was asked for wrongly. */
  readonly exitCode: 1 | 2;

  /** An empty message: everything was said already. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The option or command that helps with an error of the library, which knows none. */
const HINTS: Readonly<Partial<Record<TransportErrorCode, string>>> = {
  CERTIFICATE_NOT_TRUSTED: '--fingerprint, or --ca',
  CONNECTION_REFUSED: 'is `urbdrc serve` running there?',
  SOCKET_NOT_FOUND: 'is `urbdrc serve` running there?',
};

/** An error in one line, with the option or command that helps. */
export function withHint(error: unknown): string {
  const hint = error instanceof TransportError ? HINTS[error.code] : undefined;
  return hint === undefined ? oneLine(error) : `${oneLine(error)} (${hint})`;
}

/** Any error in one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
}

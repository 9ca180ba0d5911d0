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
function hintFor(code: TransportErrorCode, args: readonly string[]): string | undefined {
  switch (code) {
    case 'CERTIFICATE_NOT_TRUSTED':
      return '--fingerprint, or --ca';
    case 'CONNECTION_REFUSED':
    case 'SOCKET_NOT_FOUND':
      return `is \`urbdrc ${otherEnd(args)}\` running there?`;
    default:
      return undefined;
  }
}

/** The command that listens for the one with these arguments. */
function otherEnd([command, ...rest]: readonly string[]): string {
  const wantsClient = command === 'serve' || (command === 'conformance' && rest.includes('client'));
  return wantsClient ? 'redirect' : 'serve';
}

/** An error in one line, with the option or command that helps whoever called the program with `args`. */
export function withHint(error: unknown, args: readonly string[]): string {
  const hint = error instanceof TransportError ? hintFor(error.code, args) : undefined;
  return hint === undefined ? oneLine(error) : `${oneLine(error)} (${hint})`;
}

/** Any error in one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
}

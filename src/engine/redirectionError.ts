/** Why a connection redirects nothing any more. Listed for users in docs/errors.md. */
export type RedirectionErrorCode = 'CONNECTION_CLOSED' | 'CONTROL_CHANNEL_CLOSED' | 'REDIRECTION_REFUSED';

/** A connection cannot redirect devices, although its transport may work. The message is one line. */
export class RedirectionError extends Error {
  override readonly name = 'RedirectionError';
  /** Stable, for programs. */
  readonly code: RedirectionErrorCode;

  constructor(code: RedirectionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

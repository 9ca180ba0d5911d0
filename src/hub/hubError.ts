/** Why a hub does not do something. Listed for users in docs/errors.md. */
export type HubErrorCode =
  | 'DEVICE_LOCKED'
  | 'NO_SUCH_DEVICE'
  | 'NO_SUCH_SESSION'
  | 'NO_SUCH_SINK'
  | 'SESSION_ENDED'
  | 'SESSION_HELD'
  | 'SESSION_NOT_ALLOWED'
  | 'SESSION_SHARED'
  | 'SESSION_TAKEN_OVER';

/** A hub refuses: because of who shares what, or because there is no such thing. The message is one line. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** Stable, for programs. */
  readonly code: HubErrorCode;

  constructor(code: HubErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

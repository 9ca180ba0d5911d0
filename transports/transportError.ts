/** Why a connection failed, or never came about. Listed for users in docs/errors.md. */
export type TransportErrorCode =
  | 'ABORTED'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_NOT_AVAILABLE'
  | 'ADDRESS_SHUT_OUT'
  | 'CERTIFICATE_CHANGED'
  | 'CERTIFICATE_NOT_TRUSTED'
  | 'CHANNEL_MISSING'
  | 'CONNECTION_LOST'
  | 'CONNECTION_REFUSED'
  | 'GATEWAY_ENDING'
  | 'HOST_NOT_FOUND'
  | 'HOST_UNREACHABLE'
  | 'LICENSE_REFUSED'
  | 'LOGON_REFUSED'
  | 'NOT_A_SOCKET'
  | 'NO_SUCH_TARGET'
  | 'ORIGIN_REFUSED'
  | 'PERMISSION_DENIED'
  | 'PROTOCOL_VIOLATED'
  | 'REDIRECTED'
  | 'SECURITY_REFUSED'
  | 'SESSION_ENDED'
  | 'SESSION_REFUSED'
  | 'SESSION_GONE'
  | 'SOCKET_NOT_FOUND'
  | 'SYSTEM'
  | 'TIMED_OUT'
  | 'TLS_FAILED'
  | 'TOKEN_MISSING'
  | 'TOO_MANY_CONNECTIONS'
  | 'TOO_MANY_FILES'
  | 'TOO_MANY_REDIRECTIONS'
  | 'UPGRADE_FAILED'
  | 'UPSTREAM_BUSY'
  | 'UPSTREAM_FAILED'
  | 'UPSTREAM_TIMED_OUT'
  | 'WRONG_PASSWORD'
  | 'WRONG_TOKEN';

/** A connection failed, or never came about. The message is one line for people: what happened and what to do. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** Stable, for programs. */
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Says what the system's error about `url` means for somebody who wants to connect; the error itself is the `cause`. */
export function plainError(error: unknown, url: string): TransportError {
  if (error instanceof TransportError) return error;
  const systemCode = codeOf(error) ?? '';
  const [code, line] = explain(systemCode, url) ??
    explainTls(systemCode, url) ?? ['SYSTEM', `${url}: ${lineOf(error)}`];
  return new TransportError(code, line, { cause: error });
}

/** The system's or the TLS library's name of an error, e.g. ECONNREFUSED. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function lineOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}

type Explanation = readonly [TransportErrorCode, string];

function explain(systemCode: string, url: string): Explanation | undefined {
  switch (systemCode) {
    case 'ECONNREFUSED':
      return ['CONNECTION_REFUSED', `connection refused by ${url}: nobody listens there`];
    case 'ENOENT':
      return ['SOCKET_NOT_FOUND', `there is no socket at ${url}: nobody listens there`];
    case 'ENOTSOCK':
      return ['NOT_A_SOCKET', `${url} is not a socket`];
    case 'ECONNRESET':
      return ['CONNECTION_LOST', `${url}: connection reset by peer`];
    case 'EPIPE':
      return ['CONNECTION_LOST', `${url}: connection closed by peer while data was on its way`];
    case 'ETIMEDOUT':
      return ['TIMED_OUT', `${url}: no answer, the connection timed out`];
    case 'ENOTFOUND':
      return ['HOST_NOT_FOUND', `${url}: there is no host of this name (DNS)`];
    case 'EAI_AGAIN':
      return ['HOST_NOT_FOUND', `${url}: the host's name could not be looked up now (DNS), try again`];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return ['HOST_UNREACHABLE', `${url}: no route to this host`];
    case 'EACCES':
    case 'EPERM':
      return ['PERMISSION_DENIED', `${url}: permission denied`];
    case 'EADDRINUSE':
      return ['ADDRESS_IN_USE', `${url} is in use already: stop what listens there or choose another`];
    case 'EADDRNOTAVAIL':
      return ['ADDRESS_NOT_AVAILABLE', `${url}: this machine has no such address`];
    case 'EMFILE':
    case 'ENFILE':
      return [
        'TOO_MANY_FILES',
        `${url}: no more files can be opened: raise the limit (ulimit -n), or close connections`,
      ];
    default:
      return undefined;
  }
}

function explainTls(code: string, url: string): Explanation | undefined {
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return ['TLS_FAILED', `${url}: the peer does not speak TLS, is it a tcp:// one?`];
    case 'ERR_SSL_HTTP_REQUEST':
      return ['TLS_FAILED', `${url}: the peer speaks HTTP`];
    case 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR':
      // The alert of a listener that has too many connections, see acceptor.ts.
      return ['TOO_MANY_CONNECTIONS', `${url} ends TLS at once: it may have too many connections, try again later`];
    default:
      if (!code.startsWith('ERR_SSL_')) return undefined;
      return ['TLS_FAILED', `${url}: TLS failed (${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')})`];
  }
}

/** The URL of a WebSocket for people and logs: without its query, which may have a token. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}

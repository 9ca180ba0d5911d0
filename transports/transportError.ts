/** A connection failed, or never came about. The message is one line for people: what happened and what to do. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

/** Says what the system's error about `url` means for somebody who wants to connect; the error itself is the `cause`. */
export function plainError(error: unknown, url: string): TransportError {
  if (error instanceof TransportError) return error;
  const code = codeOf(error);
  const line = (code === undefined ? undefined : explainCode(code, url)) ?? `${url}: ${firstLine(error)}`;
  return new TransportError(line, { cause: error });
}

/** The system's or the TLS library's name of an error, e.g. ECONNREFUSED. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? text;
}

function explainCode(code: string, url: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused by ${url}: is \`urbdrc serve\` running there?`;
    case 'ENOENT':
      return `there is no socket at ${url}: is \`urbdrc serve\` running there?`;
    case 'ENOTSOCK':
      return `${url} is not a socket`;
    case 'ECONNRESET':
      return `${url}: connection reset by peer`;
    case 'EPIPE':
      return `${url}: connection closed by peer while data was on its way`;
    case 'ETIMEDOUT':
      return `${url}: no answer, the connection timed out`;
    case 'ENOTFOUND':
      return `${url}: there is no host of this name (DNS)`;
    case 'EAI_AGAIN':
      return `${url}: the host's name could not be looked up now (DNS), try again`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${url}: no route to this host`;
    case 'EACCES':
    case 'EPERM':
      return `${url}: permission denied`;
    case 'EADDRINUSE':
      return `${url} is in use already: stop what listens there or choose another`;
    case 'EADDRNOTAVAIL':
      return `${url}: this machine has no such address`;
    default:
      return explainTls(code, url);
  }
}

function explainTls(code: string, url: string): string | undefined {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return `${url}: the peer does not speak TLS, is it a tcp:// one?`;
  }
  if (code === 'ERR_SSL_HTTP_REQUEST') return `${url}: the peer speaks HTTP`;
  if (code.startsWith('ERR_SSL_')) {
    return `${url}: TLS failed (${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')})`;
  }
  return undefined;
}

import { toHex } from '../../../codecs/core/json.ts';

/**
 * Where the WebSocket of this page's gateway is: the page is below it.
 * @param name of a connection with which this page wants to go on when it was cut
 */
export function webSocketAt(token: string, name?: string): string {
  const url = new URL('.', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (url.pathname !== '/') url.pathname = url.pathname.replace(/\/$/, '');
  url.searchParams.set('token', token);
  if (name !== undefined) url.searchParams.set('page', name);
  return url.href;
}

/** A new name for {@link webSocketAt}. */
export function newName(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}

/** What stands behind `#`, which no server and no log sees. */
export interface ShownTokens {
  /** `#token=` */
  readonly token: string | undefined;
  /** `#console=` */
  readonly console: string | undefined;
}

/** Takes tokens out of the address: a second use is refused anyway. */
export function tokensInAddress(): ShownTokens {
  const shown = new URLSearchParams(location.hash.slice(1));
  const of = (name: string) => shown.get(name) || undefined;
  const tokens = { token: of('token'), console: of('console') };
  if (tokens.token !== undefined || tokens.console !== undefined) {
    history.replaceState(null, '', location.pathname + location.search);
  }
  return tokens;
}

/** Where the WebSocket of this page's gateway is: the page is below it. */
export function webSocketAt(token: string): string {
  const url = new URL('.', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  if (url.pathname !== '/') url.pathname = url.pathname.replace(/\/$/, '');
  url.searchParams.set('token', token);
  return url.href;
}

/** The token in `#token=`, which no server and no log sees. It is taken out of the address: a second use is refused anyway. */
export function tokenInAddress(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  if (token === '') return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

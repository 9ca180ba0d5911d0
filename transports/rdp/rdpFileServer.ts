import { UsageError } from '../../codecs/core/errors.ts';

/** What an .rdp file says about the server. */
export interface RdpFileServer {
  /** Host, or `host:port`, as in a URL; undefined where the file names none. */
  readonly place?: string;
  /** `user` or `DOMAIN\\user`; undefined where the file names none. */
  readonly user?: string;
  readonly gateway?: { readonly host: string; readonly isRequired: boolean };
}

/** gatewayusagemethod: always; if the server cannot be reached directly. Others say that there is none. */
const GATEWAY_ALWAYS = '1';
const GATEWAY_IF_NEEDED = '2';

/** Reads `full address`, `server port`, `username`, `domain` and the gateway. @throws UsageError for an address that is none */
export function parseRdpFileServer(text: string): RdpFileServer {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r\n?|\n/)) {
    const [name = '', , ...value] = line.split(':');
    // When a key stands there twice, Windows keeps the later one.
    settings.set(name.trim().toLowerCase(), value.join(':').trim());
  }
  const given = (name: string) => settings.get(name) || undefined;
  const place = placeOf(given('full address'), given('server port'));
  const [userName, domain] = [given('username'), given('domain')];
  const isWhole = domain === undefined || userName?.includes('\\') === true || userName?.includes('@') === true;
  const user = isWhole ? userName : userName && `${domain}\\${userName}`;
  const [host, method] = [given('gatewayhostname'), given('gatewayusagemethod')];
  const isRequired = method === GATEWAY_ALWAYS;
  const hasGateway = isRequired || method === GATEWAY_IF_NEEDED;
  return {
    ...(place !== undefined && { place }),
    ...(user !== undefined && { user }),
    ...(host !== undefined && hasGateway && { gateway: { host, isRequired } }),
  };
}

function placeOf(address: string | undefined, port: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  if (/[@/?#\s]/.test(address))
    throw new UsageError(`full address: ${JSON.stringify(address)} is no host or host:port`);
  const isBareIpv6 = !address.startsWith('[') && address.split(':').length > 2;
  const host = isBareIpv6 ? `[${address}]` : address;
  const hasPort = /:\d+$/.test(host.replace(/\[.*\]/, ''));
  return port === undefined || hasPort ? host : `${host}:${port}`;
}

import { decodeUtf16 } from '../../codecs/core/text.ts';
import { RedirectionFlag, type ServerRedirection } from '../../codecs/rdp/serverRedirection.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { TransportError } from '../transportError.ts';
import { formatRdpUrl, type RdpUrl } from './rdpUrl.ts';

/** Where a client goes, and as whom: from the user, or where a server has sent it on to. */
export interface RdpRoute {
  /** To be tried in this order; one at least. */
  readonly targets: readonly RdpUrl[];
  /** The password is that of the user, for network level authentication. */
  readonly credentials: RdpCredentials;
  /** What the session is asked for in place of the user's password. */
  readonly sessionPassword?: string;
  /** Tells a load balancer which machine is meant; without CR and LF. */
  readonly routingToken?: string;
  /** The session that the server means. */
  readonly redirectedSessionId?: number;
}

/** Addresses of one redirection that are tried. */
const MOST_TARGETS = 8;
/** Characters of a routing token for which an X.224 Connection Request has room. */
const LONGEST_TOKEN = 230;
/** Characters of a host's name in DNS. */
const LONGEST_HOST = 253;

/**
 * The route by which a server sends a client on, [MS-RDPBCGR] 2.2.13.1 and 3.2.5.3.1. A load balancer's token leads through the same
 * address; otherwise it is the name, and then the addresses, at the same port. Whom and what the packet does not name stays.
 *
 * @param from the target that sent it
 * @throws TransportError PROTOCOL_VIOLATED for a redirection that leads nowhere
 */
export function redirectedRoute(route: RdpRoute, from: RdpUrl, redirection: ServerRedirection): RdpRoute {
  const { sessionId, redirFlags, loadBalanceInfo, userName, domain, passwordBytes } = redirection;
  const { credentials } = route;
  const isForTarget = (redirFlags & RedirectionFlag.LB_PASSWORD_IS_PK_ENCRYPTED) !== 0;
  return {
    targets: loadBalanceInfo === undefined ? targetsOf(from, redirection) : [from],
    credentials: {
      userName: userName ?? credentials.userName,
      domain: domain ?? credentials.domain,
      password: credentials.password,
    },
    ...(passwordBytes !== undefined && !isForTarget && { sessionPassword: decodeUtf16(passwordBytes) }),
    ...(loadBalanceInfo !== undefined && { routingToken: routingTokenOf(from, loadBalanceInfo) }),
    redirectedSessionId: sessionId,
  };
}

/** For people: where a route leads. */
export function describeRoute({ targets, routingToken }: RdpRoute): string {
  const places = targets.map(formatRdpUrl).join(', or ');
  return routingToken === undefined ? places : `the machine behind ${places} that its routing token names`;
}

function targetsOf(from: RdpUrl, redirection: ServerRedirection): readonly RdpUrl[] {
  const { targetFqdn, targetNetAddress, targetNetAddresses = [], targetNetBiosName } = redirection;
  const named = [targetFqdn, targetNetAddress, ...targetNetAddresses, targetNetBiosName];
  const hosts = new Set(named.filter((host) => host !== undefined && host !== ''));
  const usable = [...hosts].flatMap((host) => (host !== undefined && isHost(host) ? [host] : []));
  if (usable.length === 0) throw leadsNowhere(from, 'with no routing token and no address');
  return usable.slice(0, MOST_TARGETS).map((host) => ({ host, port: from.port }));
}

/** Names, IPv4 and IPv6 with a zone: nothing that a line for people or a file of known hosts could be misled by. */
function isHost(host: string): boolean {
  return host.length <= LONGEST_HOST && /^[\w.:%-]+$/.test(host);
}

function routingTokenOf(from: RdpUrl, loadBalanceInfo: Uint8Array): string {
  const token = String.fromCharCode(...loadBalanceInfo.subarray(0, LONGEST_TOKEN + 3)).replace(/(\r\n|\0)+$/, '');
  if (token.length > LONGEST_TOKEN || !/^[\x20-\x7e]+$/.test(token)) {
    throw leadsNowhere(from, 'with a routing token that is no line of text, or too long');
  }
  return token;
}

function leadsNowhere(from: RdpUrl, how: string): TransportError {
  return new TransportError('PROTOCOL_VIOLATED', `${formatRdpUrl(from)} sends this client on, ${how}`);
}

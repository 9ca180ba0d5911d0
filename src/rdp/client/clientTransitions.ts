import type { Transitions } from '../../channels/machine.ts';

export type RdpClientState =
  | 'idle'
  | 'awaitingConnectionConfirm'
  /** TLS, and CredSSP where the server chose it, are the owner's. */
  | 'awaitingSecurity'
  | 'awaitingAuthorization'
  | 'awaitingConnectResponse'
  | 'attaching'
  | 'joining'
  | 'licensing'
  | 'awaitingDemandActive'
  | 'finalizing'
  | 'active'
  /** As awaitingDemandActive and finalizing, but channels have been in use since the first activation. */
  | 'deactivated'
  | 'refinalizing'
  | 'finished';

/** A PDU by its name in the specification, or a word in camelCase for a command of the owner and for what is no PDU. */
export type RdpClientInput =
  | 'start'
  | 'X224_CONNECTION_CONFIRM'
  | 'X224_CONNECTION_CONFIRM with failure'
  | 'secured'
  | 'secured with authorization'
  | 'EARLY_USER_AUTHORIZATION_RESULT'
  | 'CONNECT_RESPONSE'
  | 'ATTACH_USER_CONFIRM'
  | 'CHANNEL_JOIN_CONFIRM'
  | 'last CHANNEL_JOIN_CONFIRM'
  | 'licensed'
  | 'TS_DEMAND_ACTIVE_PDU'
  | 'TS_DATA_PDU'
  | 'TS_FONT_MAP_PDU'
  | 'TS_DEACTIVATE_ALL_PDU'
  | 'SERVER_REDIRECTION_PDU'
  | 'fastPathUpdate'
  | 'channelData';

/** Graphics, which are thrown away, channels, and the end elsewhere: a server may send them in each of these states. */
const ACTIVATED = <const State extends RdpClientState>(state: State) =>
  ({
    TS_DATA_PDU: state,
    fastPathUpdate: state,
    channelData: state,
    SERVER_REDIRECTION_PDU: 'finished',
  }) as const;

/**
 * The legal moves of an RDP client's connection, [MS-RDPBCGR] 1.3.1.1: state, then input, then next state. A pair that is not
 * listed is a ProtocolError, which ends the connection. docs/states.md is drawn from this table.
 *
 * A packet goes out with a move; the only moves that a server can repeat at will are reactivations, and each of those has
 * the server read what the one before brought forth.
 */
export const RDP_CLIENT_TRANSITIONS = {
  idle: { start: 'awaitingConnectionConfirm' },
  awaitingConnectionConfirm: {
    X224_CONNECTION_CONFIRM: 'awaitingSecurity',
    'X224_CONNECTION_CONFIRM with failure': 'finished',
  },
  awaitingSecurity: { secured: 'awaitingConnectResponse', 'secured with authorization': 'awaitingAuthorization' },
  awaitingAuthorization: { EARLY_USER_AUTHORIZATION_RESULT: 'awaitingConnectResponse' },
  awaitingConnectResponse: { CONNECT_RESPONSE: 'attaching' },
  attaching: { ATTACH_USER_CONFIRM: 'joining' },
  joining: { CHANNEL_JOIN_CONFIRM: 'joining', 'last CHANNEL_JOIN_CONFIRM': 'licensing' },
  licensing: { licensed: 'awaitingDemandActive', SERVER_REDIRECTION_PDU: 'finished' },
  // A server that ends the session before it begins says why in a data PDU.
  awaitingDemandActive: { ...ACTIVATED('awaitingDemandActive'), TS_DEMAND_ACTIVE_PDU: 'finalizing' },
  finalizing: {
    ...ACTIVATED('finalizing'),
    TS_FONT_MAP_PDU: 'active',
    TS_DEACTIVATE_ALL_PDU: 'awaitingDemandActive',
  },
  active: { ...ACTIVATED('active'), TS_DEACTIVATE_ALL_PDU: 'deactivated' },
  deactivated: { ...ACTIVATED('deactivated'), TS_DEMAND_ACTIVE_PDU: 'refinalizing' },
  refinalizing: {
    ...ACTIVATED('refinalizing'),
    TS_FONT_MAP_PDU: 'active',
    TS_DEACTIVATE_ALL_PDU: 'deactivated',
  },
  finished: {},
} as const satisfies Required<Transitions<RdpClientState, RdpClientInput>>;

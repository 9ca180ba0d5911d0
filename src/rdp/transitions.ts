import type { Transitions } from '../channels/machine.ts';

export type RdpServerState =
  | 'awaitingConnectionRequest'
  | 'awaitingTls'
  | 'awaitingConnectInitial'
  | 'attaching'
  /** The client joins channels, then sends its user's name and password. */
  | 'joining'
  | 'awaitingAdmission'
  | 'awaitingConfirmActive'
  | 'finalizing'
  | 'active'
  /** As awaitingConfirmActive and finalizing, but channels have been in use since the first activation. */
  | 'reconfirming'
  | 'refinalizing'
  | 'finished';

/** A PDU by its name in the specification, or a word in camelCase for a command of the caller and for what is no PDU. */
export type RdpServerInput =
  | 'X224_CONNECTION_REQUEST'
  | 'X224_CONNECTION_REQUEST without TLS'
  | 'secured'
  | 'CONNECT_INITIAL'
  | 'ATTACH_USER_REQUEST'
  | 'CHANNEL_JOIN_REQUEST'
  | 'TS_INFO_PACKET'
  | 'admitted'
  | 'refused'
  | 'TS_CONFIRM_ACTIVE_PDU'
  | 'TS_DATA_PDU'
  | 'TS_FONT_LIST_PDU'
  | 'TS_SHUTDOWN_REQ_PDU'
  | 'fastPathInput'
  | 'channelData'
  | 'reactivate';

/**
 * The legal moves of an RDP server's connection, [MS-RDPBCGR] 1.3.1.1: state, then input, then next state. A pair that
 * is not listed is a ProtocolError, which ends the connection. docs/states.md is drawn from this table.
 *
 * An answer goes out with a move that happens once, or once in an activation, so that a client that only sends and never
 * reads cannot make answers pile up.
 */
export const RDP_SERVER_TRANSITIONS = {
  awaitingConnectionRequest: {
    X224_CONNECTION_REQUEST: 'awaitingTls',
    'X224_CONNECTION_REQUEST without TLS': 'finished',
  },
  awaitingTls: { secured: 'awaitingConnectInitial' },
  awaitingConnectInitial: { CONNECT_INITIAL: 'attaching' },
  attaching: { ATTACH_USER_REQUEST: 'joining' },
  joining: { CHANNEL_JOIN_REQUEST: 'joining', TS_INFO_PACKET: 'awaitingAdmission' },
  awaitingAdmission: { admitted: 'awaitingConfirmActive', refused: 'finished' },
  awaitingConfirmActive: { TS_CONFIRM_ACTIVE_PDU: 'finalizing' },
  finalizing: {
    TS_DATA_PDU: 'finalizing',
    TS_FONT_LIST_PDU: 'active',
    TS_SHUTDOWN_REQ_PDU: 'finished',
    fastPathInput: 'finalizing',
    channelData: 'finalizing',
  },
  active: {
    TS_DATA_PDU: 'active',
    TS_SHUTDOWN_REQ_PDU: 'finished',
    fastPathInput: 'active',
    channelData: 'active',
    reactivate: 'reconfirming',
  },
  // Until it has seen Deactivate All a client goes on as if nothing had happened.
  reconfirming: {
    TS_CONFIRM_ACTIVE_PDU: 'refinalizing',
    TS_DATA_PDU: 'reconfirming',
    fastPathInput: 'reconfirming',
    channelData: 'reconfirming',
  },
  refinalizing: {
    TS_DATA_PDU: 'refinalizing',
    TS_FONT_LIST_PDU: 'active',
    TS_SHUTDOWN_REQ_PDU: 'finished',
    fastPathInput: 'refinalizing',
    channelData: 'refinalizing',
  },
  finished: {},
} as const satisfies Required<Transitions<RdpServerState, RdpServerInput>>;

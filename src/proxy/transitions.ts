import type { Transitions } from '../channels/machine.ts';

/** How far a connection through the proxy has come, at both ends. */
export type ProxyState =
  | 'awaitingConnectionRequest'
  | 'awaitingConnectionConfirm'
  /** TLS, and CredSSP if the server wants it, with the server. */
  | 'securingServer'
  /** TLS with the client. */
  | 'securingClient'
  | 'awaitingConnectInitial'
  | 'awaitingConnectResponse'
  /** The client joins channels, then sends its user's name and password. */
  | 'joining'
  | 'awaitingAdmission'
  /** Licensing and the first activation. */
  | 'activating'
  | 'established'
  | 'finished';

/** A PDU by its name in the specification, or words for a command of the caller and for what is no PDU. */
export type ProxyInput =
  | 'X224_CONNECTION_REQUEST'
  | 'X224_CONNECTION_REQUEST without TLS'
  | 'X224_CONNECTION_CONFIRM'
  | 'server secured'
  | 'client secured'
  | 'CONNECT_INITIAL'
  | 'CONNECT_RESPONSE'
  | 'TS_INFO_PACKET'
  | 'admitted'
  | 'refused'
  | 'TS_FONT_MAP_PDU';

/**
 * The legal moves of a connection through the proxy: those of a client ([MS-RDPBCGR] 1.3.1.1) and its server, in turns. A pair
 * that is not listed is a ProtocolError, which ends the connection. All else passes: channel joins, licensing, activations, and
 * from `activating` on every packet of both ends.
 */
export const PROXY_TRANSITIONS = {
  awaitingConnectionRequest: {
    X224_CONNECTION_REQUEST: 'awaitingConnectionConfirm',
    'X224_CONNECTION_REQUEST without TLS': 'finished',
  },
  awaitingConnectionConfirm: { X224_CONNECTION_CONFIRM: 'securingServer' },
  securingServer: { 'server secured': 'securingClient' },
  securingClient: { 'client secured': 'awaitingConnectInitial' },
  awaitingConnectInitial: { CONNECT_INITIAL: 'awaitingConnectResponse' },
  awaitingConnectResponse: { CONNECT_RESPONSE: 'joining' },
  joining: { TS_INFO_PACKET: 'awaitingAdmission' },
  awaitingAdmission: { admitted: 'activating', refused: 'finished' },
  activating: { TS_FONT_MAP_PDU: 'established' },
  // The end of a later activation, in which channels go on.
  established: { TS_FONT_MAP_PDU: 'established' },
  finished: {},
} as const satisfies Required<Transitions<ProxyState, ProxyInput>>;

/** Who has asked the client for its capabilities of dynamic channels. */
export type CapabilitiesState = 'idle' | 'askedByServer' | 'askedByProxy' | 'agreed';

/** Capabilities of dynamic channels, by who sends them. */
export type CapabilitiesInput = 'DYNVC_CAPS of the server' | 'DYNVC_CAPS of the proxy' | 'DYNVC_CAPS_RSP';

/**
 * A client is asked once for its capabilities of dynamic channels, by whoever of the server and the proxy's own end is first;
 * the other one gets the same answer. [MS-RDPEDYC] 3.1.5.1.1.
 */
export const MERGED_CAPABILITIES_TRANSITIONS = {
  idle: { 'DYNVC_CAPS of the server': 'askedByServer', 'DYNVC_CAPS of the proxy': 'askedByProxy' },
  askedByServer: {
    'DYNVC_CAPS of the server': 'askedByServer',
    'DYNVC_CAPS of the proxy': 'askedByServer',
    DYNVC_CAPS_RSP: 'agreed',
  },
  askedByProxy: { 'DYNVC_CAPS of the server': 'askedByProxy', DYNVC_CAPS_RSP: 'agreed' },
  agreed: { 'DYNVC_CAPS of the server': 'agreed', 'DYNVC_CAPS of the proxy': 'agreed' },
} as const satisfies Transitions<CapabilitiesState, CapabilitiesInput>;

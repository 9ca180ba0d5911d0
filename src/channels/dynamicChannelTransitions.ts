import type { Transitions } from './machine.ts';

/** Where a dynamic channel stands. `closed` is every id that is not in use. */
export type ChannelState = 'closed' | 'creating' | 'open' | 'closing';

/**
 * What moves a dynamic channel: a PDU by its wire name (`DYNVC_DATA` stands for all four data PDUs), with the answer
 * behind it where that decides; a command of the caller (`create`, `close`, `release`); or a fault of the peer on this
 * channel (`fault`).
 */
export type ChannelInput =
  | 'create'
  | 'DYNVC_CREATE_REQ accepted'
  | 'DYNVC_CREATE_REQ refused'
  | 'DYNVC_CREATE_RSP accepted'
  | 'DYNVC_CREATE_RSP refused'
  | 'DYNVC_DATA'
  | 'DYNVC_CLOSE'
  | 'close'
  | 'release'
  | 'fault';

/** Where the capabilities stand, once for all channels. */
export type ConnectionState = 'idle' | 'awaitingCapabilities' | 'ready' | 'failed';

/** What moves a {@link ConnectionState}. `DYNVC_CAPS` stands for all versions of the request. */
export type ConnectionInput =
  | 'start'
  | 'DYNVC_CAPS'
  | 'DYNVC_CAPS_RSP'
  | 'DYNVC_CREATE_REQ'
  | 'DYNVC_SOFT_SYNC_REQUEST'
  | 'capabilitiesTimedOut'
  | 'fault';

export type Role = 'server' | 'client';

/**
 * One dynamic channel, [MS-RDPEDYC] 3.1.5, 3.2.5 and 3.3.5. A pair that is not listed is a ProtocolError: it closes the
 * channel, or is reported and ignored where the id is `closed` already, because closes cross and data is still under way.
 *
 * A server waits in `closing` for the client's answer, so that it is not taken for the close of a recycled id; a client's
 * own close is never answered.
 */
export const DYNAMIC_CHANNEL_TRANSITIONS = {
  server: {
    closed: { create: 'creating' },
    creating: {
      'DYNVC_CREATE_RSP accepted': 'open',
      'DYNVC_CREATE_RSP refused': 'closed',
      DYNVC_CLOSE: 'closed',
      close: 'closing',
      fault: 'closing',
    },
    open: { DYNVC_DATA: 'open', DYNVC_CLOSE: 'closed', close: 'closing', fault: 'closing' },
    closing: {
      'DYNVC_CREATE_RSP accepted': 'closing',
      'DYNVC_CREATE_RSP refused': 'closed',
      DYNVC_DATA: 'closing',
      DYNVC_CLOSE: 'closed',
      release: 'closed',
    },
  },
  client: {
    closed: { 'DYNVC_CREATE_REQ accepted': 'open', 'DYNVC_CREATE_REQ refused': 'closed' },
    open: { DYNVC_DATA: 'open', DYNVC_CLOSE: 'closed', close: 'closed', fault: 'closed' },
  },
} as const satisfies Record<Role, Transitions<ChannelState, ChannelInput>>;

/**
 * The capabilities, [MS-RDPEDYC] 3.2.5.1 and 3.3.5.1. A pair that is not listed is reported and ignored. A client takes
 * a create request before the capabilities for version 3, as FreeRDP does, and answers capabilities that come again.
 * `failed` is final: the static channel is of no use any more.
 */
export const CAPABILITIES_TRANSITIONS = {
  server: {
    idle: { start: 'awaitingCapabilities', fault: 'failed' },
    awaitingCapabilities: { DYNVC_CAPS_RSP: 'ready', capabilitiesTimedOut: 'failed', fault: 'failed' },
    ready: { fault: 'failed' },
    failed: {},
  },
  client: {
    awaitingCapabilities: { DYNVC_CAPS: 'ready', DYNVC_CREATE_REQ: 'ready', fault: 'failed' },
    ready: { DYNVC_CAPS: 'ready', DYNVC_CREATE_REQ: 'ready', DYNVC_SOFT_SYNC_REQUEST: 'ready', fault: 'failed' },
    failed: {},
  },
} as const satisfies Record<Role, Transitions<ConnectionState, ConnectionInput>>;

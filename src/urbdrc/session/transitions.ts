import type { Transitions } from '../../channels/machine.ts';

/**
 * The legal moves of URBDRC's four state machines, one table each: state, then input, then next state. A pair that is
 * not listed is a ProtocolError. docs/states.md is drawn from these tables.
 *
 * An input is a message by its wire name, or a word in camelCase for what is no message of its own: a RIMCALL_RELEASE
 * of the server's notification interface (`notificationReleased`), a timer (`...TimedOut`), or a command of the caller.
 */
type TransitionTable<State extends string, Input extends string> = Required<Transitions<State, Input>>;

export type ClientOpeningInput =
  'RIM_EXCHANGE_CAPABILITY_REQUEST' | 'CHANNEL_CREATED' | 'notificationReleased' | 'releaseTimedOut';

export type ClientControlState =
  'awaitingCapabilities' | 'awaitingChannelCreated' | 'awaitingRelease' | 'ready' | 'closed';

/** How each channel of a client begins. */
const CLIENT_OPENING = {
  awaitingCapabilities: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'awaitingChannelCreated',
    CHANNEL_CREATED: 'awaitingRelease',
  },
  awaitingChannelCreated: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'awaitingChannelCreated',
    CHANNEL_CREATED: 'awaitingRelease',
  },
} as const;

/**
 * The client's control channel, [MS-RDPEUSB] 3.1.1 figure 5. CHANNEL_CREATED without a capability exchange is let
 * through (some servers leave it out), and announcing waits for the release that Windows servers send, but not for ever.
 */
export const CLIENT_CONTROL_TRANSITIONS = {
  ...CLIENT_OPENING,
  awaitingRelease: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'awaitingRelease',
    notificationReleased: 'ready',
    releaseTimedOut: 'ready',
  },
  ready: { RIM_EXCHANGE_CAPABILITY_REQUEST: 'ready', notificationReleased: 'ready' },
  closed: {},
} as const satisfies TransitionTable<ClientControlState, ClientOpeningInput>;

export type ClientDeviceState =
  'awaitingCapabilities' | 'awaitingChannelCreated' | 'awaitingRelease' | 'announced' | 'active' | 'closed';

export type ClientDeviceInput =
  | ClientOpeningInput
  | 'QUERY_DEVICE_TEXT'
  | 'REGISTER_REQUEST_CALLBACK'
  | 'REGISTER_REQUEST_CALLBACK without RequestCompletion'
  | 'IO_CONTROL'
  | 'INTERNAL_IO_CONTROL'
  | 'TRANSFER_IN_REQUEST'
  | 'TRANSFER_OUT_REQUEST'
  | 'CANCEL_REQUEST'
  | 'RETRACT_DEVICE';

/** A client's device channel. Requests are legal once REGISTER_REQUEST_CALLBACK told where completions go. */
export const CLIENT_DEVICE_TRANSITIONS = {
  ...CLIENT_OPENING,
  awaitingRelease: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'awaitingRelease',
    notificationReleased: 'announced',
    releaseTimedOut: 'announced',
  },
  announced: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'announced',
    notificationReleased: 'announced',
    QUERY_DEVICE_TEXT: 'announced',
    REGISTER_REQUEST_CALLBACK: 'active',
    'REGISTER_REQUEST_CALLBACK without RequestCompletion': 'announced',
    CANCEL_REQUEST: 'announced',
    RETRACT_DEVICE: 'closed',
  },
  active: {
    RIM_EXCHANGE_CAPABILITY_REQUEST: 'active',
    notificationReleased: 'active',
    QUERY_DEVICE_TEXT: 'active',
    REGISTER_REQUEST_CALLBACK: 'active',
    'REGISTER_REQUEST_CALLBACK without RequestCompletion': 'announced',
    IO_CONTROL: 'active',
    INTERNAL_IO_CONTROL: 'active',
    TRANSFER_IN_REQUEST: 'active',
    TRANSFER_OUT_REQUEST: 'active',
    CANCEL_REQUEST: 'active',
    RETRACT_DEVICE: 'closed',
  },
  closed: {},
} as const satisfies TransitionTable<ClientDeviceState, ClientDeviceInput>;

export type ServerControlState = 'idle' | 'awaitingCapabilities' | 'awaitingChannelCreated' | 'ready' | 'closed';

export type ServerOpeningInput =
  'opened' | 'openedWithoutExchange' | 'RIM_EXCHANGE_CAPABILITY_RESPONSE' | 'CHANNEL_CREATED' | 'handshakeTimedOut';

/** The server's control channel, [MS-RDPEUSB] 3.2.5. */
export const SERVER_CONTROL_TRANSITIONS = {
  idle: { opened: 'awaitingCapabilities' },
  awaitingCapabilities: { RIM_EXCHANGE_CAPABILITY_RESPONSE: 'awaitingChannelCreated', handshakeTimedOut: 'closed' },
  awaitingChannelCreated: { CHANNEL_CREATED: 'ready', handshakeTimedOut: 'closed' },
  ready: { ADD_VIRTUAL_CHANNEL: 'ready' },
  closed: {},
} as const satisfies TransitionTable<ServerControlState, ServerOpeningInput | 'ADD_VIRTUAL_CHANNEL'>;

export type ServerDeviceState =
  'idle' | 'awaitingCapabilities' | 'awaitingChannelCreated' | 'awaitingDevice' | 'active' | 'closed';

export type ServerDeviceInput =
  | ServerOpeningInput
  | 'ADD_DEVICE'
  | 'QUERY_DEVICE_TEXT_RSP'
  | 'IOCONTROL_COMPLETION'
  | 'URB_COMPLETION'
  | 'URB_COMPLETION_NO_DATA'
  | 'submit'
  | 'cancel'
  | 'queryDeviceText'
  | 'retract';

/**
 * A server's device channel. REGISTER_REQUEST_CALLBACK goes out with the move to `active`. `openedWithoutExchange` is for
 * clients that are known to end the connection over a capability exchange here.
 */
export const SERVER_DEVICE_TRANSITIONS = {
  idle: { opened: 'awaitingCapabilities', openedWithoutExchange: 'awaitingChannelCreated' },
  awaitingCapabilities: { RIM_EXCHANGE_CAPABILITY_RESPONSE: 'awaitingChannelCreated', handshakeTimedOut: 'closed' },
  awaitingChannelCreated: { CHANNEL_CREATED: 'awaitingDevice', handshakeTimedOut: 'closed' },
  awaitingDevice: { ADD_DEVICE: 'active', handshakeTimedOut: 'closed' },
  active: {
    QUERY_DEVICE_TEXT_RSP: 'active',
    IOCONTROL_COMPLETION: 'active',
    URB_COMPLETION: 'active',
    URB_COMPLETION_NO_DATA: 'active',
    submit: 'active',
    cancel: 'active',
    queryDeviceText: 'active',
    retract: 'closed',
  },
  closed: {},
} as const satisfies TransitionTable<ServerDeviceState, ServerDeviceInput>;

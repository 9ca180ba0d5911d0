import { CAPABILITIES_TRANSITIONS, DYNAMIC_CHANNEL_TRANSITIONS } from '../src/channels/dynamicChannelTransitions.ts';
import {
  CLIENT_CONTROL_TRANSITIONS,
  CLIENT_DEVICE_TRANSITIONS,
  SERVER_CONTROL_TRANSITIONS,
  SERVER_DEVICE_TRANSITIONS,
} from '../src/urbdrc/session/transitions.ts';
import { FOCUS_TRANSITIONS } from '../src/focus/focusedDevice.ts';
import { DEVICE_SHARE_TRANSITIONS } from '../src/hub/deviceShare.ts';
import { REJOIN_TRANSITIONS } from '../src/hub/rejoin/rejoiningDevice.ts';
import { SESSION_TRANSITIONS } from '../src/hub/sessionTable.ts';
import { RESUME_TRANSITIONS } from '../src/resume/transitions.ts';
import { CREDSSP_TRANSITIONS } from '../src/nla/credSspClient.ts';
import { CREDSSP_SERVER_TRANSITIONS } from '../src/nla/credSspServer.ts';
import { LICENSING_TRANSITIONS } from '../src/rdp/client/clientLicensing.ts';
import { RDP_CLIENT_TRANSITIONS } from '../src/rdp/client/clientTransitions.ts';
import { RDP_SERVER_TRANSITIONS } from '../src/rdp/transitions.ts';
import { MERGED_CAPABILITIES_TRANSITIONS, PROXY_TRANSITIONS } from '../src/proxy/transitions.ts';
import { GUEST_TRANSITIONS } from '../src/hosts/usbredir/usbredirGuest.ts';
import { LINK_TRANSITIONS } from '../src/usbredir/usbredirLink.ts';
import { code, table } from './markdown.ts';

type Transitions = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface Machine {
  readonly title: string;
  readonly intro: string;
  readonly transitions: Transitions;
}

const SESSION = 'src/urbdrc/session/transitions.ts';
const RDP = 'src/rdp/transitions.ts';
const RDP_CLIENT = 'src/rdp/client/clientTransitions.ts';
const PROXY = 'src/proxy/transitions.ts';
const SHARE = 'src/hub/deviceShare.ts';
const SESSIONS = 'src/hub/sessionTable.ts';
const REJOIN = 'src/hub/rejoin/rejoiningDevice.ts';
const FOCUS = 'src/focus/focusedDevice.ts';
const LINK = 'src/usbredir/usbredirLink.ts';
const GUEST = 'src/hosts/usbredir/usbredirGuest.ts';
const RESUME = 'src/resume/transitions.ts';
const CHANNELS = 'src/channels/dynamicChannelTransitions.ts';

const MACHINES: readonly Machine[] = [
  {
    title: 'USB redirection: client, control channel',
    intro: `CLIENT_CONTROL_TRANSITIONS in [${SESSION}](../${SESSION}). Devices are announced (ADD_VIRTUAL_CHANNEL) in \`ready\`.`,
    transitions: CLIENT_CONTROL_TRANSITIONS,
  },
  {
    title: 'USB redirection: client, device channel',
    intro: `CLIENT_DEVICE_TRANSITIONS in [${SESSION}](../${SESSION}). ADD_DEVICE goes out with the move to \`announced\`.`,
    transitions: CLIENT_DEVICE_TRANSITIONS,
  },
  {
    title: 'USB redirection: server, control channel',
    intro: `SERVER_CONTROL_TRANSITIONS in [${SESSION}](../${SESSION}). The release of the notification interface goes out with the move to \`ready\`.`,
    transitions: SERVER_CONTROL_TRANSITIONS,
  },
  {
    title: 'USB redirection: server, device channel',
    intro: `SERVER_DEVICE_TRANSITIONS in [${SESSION}](../${SESSION}). REGISTER_REQUEST_CALLBACK goes out with the move to \`active\`.`,
    transitions: SERVER_DEVICE_TRANSITIONS,
  },
  {
    title: 'One dynamic channel: server',
    intro: `DYNAMIC_CHANNEL_TRANSITIONS in [${CHANNELS}](../${CHANNELS}). \`closed\` is every id that is not in use.`,
    transitions: DYNAMIC_CHANNEL_TRANSITIONS.server,
  },
  {
    title: 'One dynamic channel: client',
    intro: `DYNAMIC_CHANNEL_TRANSITIONS in [${CHANNELS}](../${CHANNELS}).`,
    transitions: DYNAMIC_CHANNEL_TRANSITIONS.client,
  },
  {
    title: 'Capabilities of dynamic channels: server',
    intro: `CAPABILITIES_TRANSITIONS in [${CHANNELS}](../${CHANNELS}), once for all channels.`,
    transitions: CAPABILITIES_TRANSITIONS.server,
  },
  {
    title: 'Capabilities of dynamic channels: client',
    intro: `CAPABILITIES_TRANSITIONS in [${CHANNELS}](../${CHANNELS}), once for all channels.`,
    transitions: CAPABILITIES_TRANSITIONS.client,
  },
  {
    title: 'An RDP connection: server',
    intro:
      `RDP_SERVER_TRANSITIONS in [${RDP}](../${RDP}), [MS-RDPBCGR] 1.3.1.1. What is not allowed ends the connection; a ` +
      'DISCONNECT_PROVIDER_ULTIMATUM of the client ends it in every state after `awaitingConnectInitial`.',
    transitions: RDP_SERVER_TRANSITIONS,
  },
  {
    title: 'An RDP connection: client',
    intro:
      `RDP_CLIENT_TRANSITIONS in [${RDP_CLIENT}](../${RDP_CLIENT}), [MS-RDPBCGR] 1.3.1.1. What is not allowed ends the ` +
      'connection; a DISCONNECT_PROVIDER_ULTIMATUM of the server ends it in every state after `awaitingConnectResponse`.',
    transitions: RDP_CLIENT_TRANSITIONS,
  },
  {
    title: 'Network level authentication: client',
    intro:
      'CREDSSP_TRANSITIONS in [src/nla/credSspClient.ts](../src/nla/credSspClient.ts), [MS-CSSP] 3.1.5: before the RDP connection, inside of TLS.',
    transitions: CREDSSP_TRANSITIONS,
  },
  {
    title: 'Network level authentication: server',
    intro: 'CREDSSP_SERVER_TRANSITIONS in [src/nla/credSspServer.ts](../src/nla/credSspServer.ts), [MS-CSSP] 3.1.5.',
    transitions: CREDSSP_SERVER_TRANSITIONS,
  },
  {
    title: 'Licensing of an RDP client',
    intro:
      'LICENSING_TRANSITIONS in [src/rdp/client/clientLicensing.ts](../src/rdp/client/clientLicensing.ts), within the state ' +
      '`licensing` of the connection. What is not allowed ends the connection.',
    transitions: LICENSING_TRANSITIONS,
  },
  {
    title: 'An RDP connection through the proxy',
    intro:
      `PROXY_TRANSITIONS in [${PROXY}](../${PROXY}), [rdp-proxy.md](rdp-proxy.md). What is not allowed ends the connection; what ` +
      'is not listed passes.',
    transitions: PROXY_TRANSITIONS,
  },
  {
    title: 'Capabilities of dynamic channels in the proxy',
    intro:
      `MERGED_CAPABILITIES_TRANSITIONS in [${PROXY}](../${PROXY}). A DYNVC_CAPS_RSP that answers nothing passes; anything else ` +
      'that is not allowed ends the connection.',
    transitions: MERGED_CAPABILITIES_TRANSITIONS,
  },
  {
    title: 'A usbredir connection',
    intro: `LINK_TRANSITIONS in [${LINK}](../${LINK}), both ends. What is not allowed ends the connection.`,
    transitions: LINK_TRANSITIONS,
  },
  {
    title: 'A guest of usbredir',
    intro: `GUEST_TRANSITIONS in [${GUEST}](../${GUEST}). usb_redir_device_disconnect goes out with the move to \`leaving\`.`,
    transitions: GUEST_TRANSITIONS,
  },
  {
    title: 'A device that several may want',
    intro:
      `DEVICE_SHARE_TRANSITIONS in [${SHARE}](../${SHARE}). What is not allowed does nothing. \`releasedToNext\`: it was taken ` +
      'for somebody, or somebody waits. [sharing.md](sharing.md) tells more.',
    transitions: DEVICE_SHARE_TRANSITIONS,
  },
  {
    title: 'A session of a hub',
    intro: `SESSION_TRANSITIONS in [${SESSIONS}](../${SESSIONS}). What is not allowed does nothing; \`closed\` is no record any more.`,
    transitions: SESSION_TRANSITIONS,
  },
  {
    title: 'A device whose client may come back',
    intro: `REJOIN_TRANSITIONS in [${REJOIN}](../${REJOIN}), [resume.md](resume.md#an-rdp-client-that-comes-back). What is not allowed does nothing.`,
    transitions: REJOIN_TRANSITIONS,
  },
  {
    title: 'A device that is used here and there by turns',
    intro: `FOCUS_TRANSITIONS in [${FOCUS}](../${FOCUS}). What is not allowed does nothing; in \`local\` the device is parked.`,
    transitions: FOCUS_TRANSITIONS,
  },
  {
    title: 'A connection that can be resumed: the dialling end',
    intro:
      `RESUME_TRANSITIONS in [${RESUME}](../${RESUME}), [resume.md](resume.md). What is not allowed ends the ` +
      'connection. A connection is `plain` where the other end cannot resume.',
    transitions: RESUME_TRANSITIONS.dialer,
  },
  {
    title: 'A connection that can be resumed: the listening end',
    intro: `RESUME_TRANSITIONS in [${RESUME}](../${RESUME}).`,
    transitions: RESUME_TRANSITIONS.listener,
  },
];

/** The content of docs/states.md. */
export function stateDiagrams(): string {
  return [
    '# State machines',
    '',
    'Generated from the tables in the code by `npm run docs`: do not edit.',
    '',
    'A move that is not listed is a ProtocolError that names state and input: the message is dropped, and the channel goes',
    'on unless the specification says to close it. Names in capitals are messages. Words in camelCase are what is no message',
    'of its own: a release of the notification interface, a timer (`...TimedOut`), or a command of the program. A channel',
    'that closes, and a connection that ends, end the machine in every state.',
    ...MACHINES.flatMap((machine) => ['', `## ${machine.title}`, '', machine.intro, '', diagram(machine.transitions)]),
    '',
  ].join('\n');
}

function diagram(transitions: Transitions): string {
  const [initial = ''] = Object.keys(transitions);
  const arrows = Object.entries(transitions).flatMap(([state, moves]) => {
    const targets = [...new Set(Object.values(moves))];
    return targets.map((target) => {
      const inputs = Object.keys(moves).filter((input) => moves[input] === target);
      return `    ${state} --> ${target} : ${inputs.join('<br/>')}`;
    });
  });
  const rows = Object.entries(transitions).flatMap(([state, moves]) =>
    Object.entries(moves).map(([input, target]) => [code(state), input, target === state ? 'stays' : code(target)]),
  );
  return [
    '```mermaid',
    'stateDiagram-v2',
    `    [*] --> ${initial}`,
    ...arrows,
    '```',
    '',
    table(['State', 'Input', 'Next'], rows),
  ].join('\n');
}

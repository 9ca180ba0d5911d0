import { ProtocolError, type SpecRef, UsageError } from '../../../codecs/core/errors.ts';
import type { Parts } from '../../../codecs/core/parts.ts';
import { serverCookieIn, type ServerReconnectCookie } from '../../../codecs/rdp/autoReconnect.ts';
import { DisconnectReason, DomainMcsPdu } from '../../../codecs/rdp/mcsDomain.ts';
import { ShareControlPdu } from '../../../codecs/rdp/shareControl.ts';
import {
  isBareServerRedirection,
  isServerRedirectionPdu,
  RedirectionFlag,
  ServerRedirection,
  ServerRedirectionPdu,
} from '../../../codecs/rdp/serverRedirection.ts';
import { ErrorInfo, PduType2, SetErrorInfoPdu } from '../../../codecs/rdp/shareData.ts';
import {
  EarlyUserAuthorizationResult,
  SecurityProtocol,
  X224ConnectionConfirm,
  X224ConnectionRequest,
  X224Data,
} from '../../../codecs/rdp/x224.ts';
import { nextState, type Step, StepBuilder } from '../../channels/machine.ts';
import type { RdpPacket } from '../rdpDeframer.ts';
import { isFlowControl } from '../rdpServerConnection.ts';
import { selectedProtocolIn } from '../negotiation.ts';
import { decodeWith, mcsPacket, sendDataPacket, tpktPacket } from '../rdpPacket.ts';
import { ClientShare } from './clientActivation.ts';
import { ClientConference, type ConferenceOptions, connectInitialPacket } from './clientConference.ts';
import { ClientLicensing, type LicensingRandom } from './clientLicensing.ts';
import { clientInfoPacket, type LogonOptions } from './clientLogon.ts';
import { RDP_CLIENT_TRANSITIONS, type RdpClientInput, type RdpClientState } from './clientTransitions.ts';
import { errorInfoRefusal, isPeerError, NOT_AUTHORIZED, RdpRefusalError } from './rdpRefusalError.ts';

/** Options of {@link RdpClientConnection}. */
export interface RdpClientOptions extends ConferenceOptions, LogonOptions {
  /** Bits of {@link SecurityProtocol} that are offered; never standard RDP security. */
  readonly requestedProtocols: number;
  readonly random: LicensingRandom;
  /** Routing token of a load balancer, without CR and LF at its end: printable ASCII. */
  readonly routingToken?: string;
}

/** Event or demand for the owner of a connection. */
export type RdpClientEvent =
  /** Send what is outgoing, do TLS on the same socket, and CredSSP if `withCredSsp`; then call `secured`. */
  | { readonly type: 'securityRequired'; readonly withCredSsp: boolean }
  /** Virtual channels can be used; comes once. */
  | { readonly type: 'established' }
  /** The server has activated the connection once more, [MS-RDPBCGR] 1.3.1.3. Channels have gone on meanwhile. */
  | { readonly type: 'reactivated' }
  /** One chunk: CHANNEL_PDU_HEADER and data. */
  | { readonly type: 'channelData'; readonly channel: string; readonly chunk: Uint8Array }
  /** What to come back with after a cut; the newest counts. */
  | { readonly type: 'cookie'; readonly cookie: ServerReconnectCookie }
  /** The server sends the client elsewhere, [MS-RDPBCGR] 1.3.8: `finished` follows. */
  | { readonly type: 'redirected'; readonly redirection: ServerRedirection }
  /** Send what is outgoing, then close; without an error the server just ended the session. */
  | { readonly type: 'finished'; readonly error: Error | undefined };

type ClientStep = StepBuilder<RdpClientEvent>;

const SEQUENCE: SpecRef = { document: 'MS-RDPBCGR', section: '1.3.1.1' };
/** X.224 requires none; it comes back in the answer. */
const CLIENT_REFERENCE = 0;
const LARGEST_USER_ID = 0xffff;
const AUTHZ_SUCCESS = 0;
/** Nothing, or somebody there wanted it: no failure. */
const ORDINARY_ENDS: ReadonlySet<number> = new Set([
  ErrorInfo.ERRINFO_NONE,
  ErrorInfo.ERRINFO_RPC_INITIATED_DISCONNECT,
]);
const CREDSSP_PROTOCOLS = SecurityProtocol.PROTOCOL_HYBRID | SecurityProtocol.PROTOCOL_HYBRID_EX;
/**
 * The client side of one RDP connection, [MS-RDPBCGR] 1.3.1.1, without sockets: packets in, packets and events out. It asks for
 * TLS or network level authentication, for the smallest desktop, of which it looks at nothing, and for static virtual
 * channels.
 */
export class RdpClientConnection {
  readonly #options: RdpClientOptions;
  #state: RdpClientState = 'idle';
  readonly #licensing: ClientLicensing;
  #selectedProtocol = 0;
  /** From Connect-Response on. */
  #conference: ClientConference | undefined;
  /** From Demand Active on. */
  #share: ClientShare | undefined;
  /** Whether virtual channels can be used: from the first activation on. */
  #isEstablished = false;
  /** Why the server will end the session, as it said. */
  #errorInfo: RdpRefusalError | undefined;

  /** @throws UsageError without a protocol that has TLS */
  constructor(options: RdpClientOptions) {
    if ((options.requestedProtocols & (SecurityProtocol.PROTOCOL_SSL | CREDSSP_PROTOCOLS)) === 0) {
      throw new UsageError('requestedProtocols: TLS or CredSSP has to be among them');
    }
    this.#options = options;
    this.#licensing = new ClientLicensing(options.credentials.userName, options.clientName, options.random);
  }

  get state(): RdpClientState {
    return this.#state;
  }

  /** The X.224 Connection Request. @throws UsageError when it was sent already, and for a routing token that is no text */
  start(): Step<RdpClientEvent> {
    const { requestedProtocols, routingToken } = this.#options;
    const step = new StepBuilder<RdpClientEvent>();
    const request = X224ConnectionRequest.encode({
      sourceReference: CLIENT_REFERENCE,
      ...(routingToken !== undefined && { cookie: routingToken }),
      negotiation: { flags: 0, requestedProtocols },
    });
    this.#command('start', 'start() comes first');
    step.send(tpktPacket(request));
    return step;
  }

  /**
   * TLS, and CredSSP if it was asked for, are complete. True: the server now says in 4 bytes, which are no packet, whether
   * the user may come in, and `authorized` is to be called with them.
   * @throws UsageError unless it was asked for by `securityRequired`
   */
  secured(): { readonly awaitsAuthorization: boolean; readonly step: Step<RdpClientEvent> } {
    const awaitsAuthorization = this.#selectedProtocol === SecurityProtocol.PROTOCOL_HYBRID_EX;
    this.#command(
      awaitsAuthorization ? 'secured with authorization' : 'secured',
      'secured() is for after securityRequired',
    );
    const step = new StepBuilder<RdpClientEvent>();
    if (!awaitsAuthorization) step.send(this.#connectInitial());
    return { awaitsAuthorization, step };
  }

  /** Takes the Early User Authorization Result, [MS-RDPBCGR] 2.2.10.2: 4 bytes. @throws UsageError at any other time */
  authorized(bytes: Uint8Array): Step<RdpClientEvent> {
    this.#command('EARLY_USER_AUTHORIZATION_RESULT', 'authorized() is for after secured()');
    return this.#guarded((step) => {
      const { authorizationResult } = decodeWith(EarlyUserAuthorizationResult, bytes);
      if (authorizationResult !== AUTHZ_SUCCESS) throw NOT_AUTHORIZED;
      step.send(this.#connectInitial());
    });
  }

  /** Takes a packet of the server. One that is wrong ends the connection, with an event. */
  received(packet: RdpPacket): Step<RdpClientEvent> {
    return this.#guarded((step) => {
      if (packet.type === 'fastPath') this.#advance('fastPathUpdate', 'fast-path output');
      else this.#tpkt(packet.payload, step);
    });
  }

  /** The server's stream has ended. The reason, if the server gave one. */
  closed(): Error | undefined {
    this.#state = 'finished';
    return this.#errorInfo;
  }

  /** Whether the server has such a channel, and let this client join it. */
  hasChannel(channel: string): boolean {
    return this.#conference?.channelId(channel) !== undefined;
  }

  /** The packet that carries a chunk on a channel. @throws UsageError when this client has not joined it */
  channelPacket(channel: string, chunk: Parts): Parts {
    const channelId = this.#conference?.channelId(channel);
    if (channelId === undefined) throw new UsageError(`the server has no channel ${channel}`);
    return sendDataPacket({ name: 'SEND_DATA_REQUEST', initiator: this.#conference?.userId ?? 0, channelId }, chunk);
  }

  /** Ends the connection from this side. */
  end(): Step<RdpClientEvent> {
    const step = new StepBuilder<RdpClientEvent>();
    if (this.#state === 'finished') return step;
    if (this.#state === 'active' && this.#share !== undefined) step.send(this.#share.shutdownRequest());
    this.#finish(step, undefined);
    return step;
  }

  #guarded(take: (step: ClientStep) => void): Step<RdpClientEvent> {
    const step = new StepBuilder<RdpClientEvent>();
    if (this.#state === 'finished') return step;
    try {
      take(step);
    } catch (error) {
      if (!isPeerError(error)) throw error;
      this.#finish(step, error);
    }
    return step;
  }

  #tpkt(payload: Uint8Array, step: ClientStep): void {
    switch (this.#state) {
      case 'awaitingConnectionConfirm':
        this.#connectionConfirm(payload, step);
        break;
      case 'awaitingConnectResponse':
        this.#connectResponse(decodeWith(X224Data, payload).data, step);
        break;
      case 'idle':
      case 'awaitingSecurity':
      case 'awaitingAuthorization':
      case 'finished':
        throw this.#unexpected('a packet', 'it is not expected now');
      case 'attaching':
      case 'joining':
      case 'licensing':
      case 'awaitingDemandActive':
      case 'finalizing':
      case 'active':
      case 'deactivated':
      case 'refinalizing':
        if (this.#conference !== undefined) {
          this.#domainPdu(decodeWith(DomainMcsPdu, decodeWith(X224Data, payload).data), this.#conference, step);
        }
    }
  }

  #connectionConfirm(payload: Uint8Array, step: ClientStep): void {
    const { negotiation } = decodeWith(X224ConnectionConfirm, payload);
    if (negotiation?.type === 'failure') this.#advance('X224_CONNECTION_CONFIRM with failure');
    const selected = selectedProtocolIn(negotiation, this.#options.requestedProtocols, this.#state);
    this.#advance('X224_CONNECTION_CONFIRM');
    this.#selectedProtocol = selected;
    step.emit({ type: 'securityRequired', withCredSsp: (selected & CREDSSP_PROTOCOLS) !== 0 });
  }

  #connectInitial(): Parts {
    return connectInitialPacket(this.#options, this.#selectedProtocol);
  }

  #connectResponse(data: Uint8Array, step: ClientStep): void {
    this.#conference = new ClientConference(data, this.#options.channels);
    this.#advance('CONNECT_RESPONSE');
    step.send(mcsPacket({ name: 'ERECT_DOMAIN_REQUEST', subHeight: 0, subInterval: 0 }));
    step.send(mcsPacket({ name: 'ATTACH_USER_REQUEST' }));
  }

  #domainPdu(pdu: DomainMcsPdu, conference: ClientConference, step: ClientStep): void {
    switch (pdu.name) {
      case 'ATTACH_USER_CONFIRM': {
        this.#advance(pdu.name);
        const { result, initiator } = pdu;
        if (result !== 0)
          throw new RdpRefusalError('SESSION_ENDED', `the server attaches no user (MCS result ${result})`);
        if (initiator === undefined) throw this.#unexpected(pdu.name, 'it has no user');
        if (initiator > LARGEST_USER_ID) throw this.#unexpected(pdu.name, `there is no user ${initiator}`);
        conference.attached(initiator);
        this.#joinNext(conference, step);
        return;
      }
      case 'CHANNEL_JOIN_CONFIRM':
        if (pdu.result === 0) conference.joined(pdu.channelId ?? pdu.requested);
        if (this.#state !== 'joining') throw this.#unexpected(pdu.name, 'not allowed now');
        this.#joinNext(conference, step);
        return;
      case 'SEND_DATA_INDICATION':
        if (pdu.channelId === conference.ioChannelId) this.#ioData(pdu.userData, conference, step);
        else this.#channelData(pdu.channelId, pdu.userData, conference, step);
        return;
      case 'DISCONNECT_PROVIDER_ULTIMATUM':
        this.#state = 'finished';
        step.emit({ type: 'finished', error: this.#errorInfo });
        return;
      case 'ERECT_DOMAIN_REQUEST':
      case 'ATTACH_USER_REQUEST':
      case 'CHANNEL_JOIN_REQUEST':
      case 'SEND_DATA_REQUEST':
        throw this.#unexpected(pdu.name, 'only a client sends this');
    }
  }

  /** Joins one channel after the other; after the last one the user comes. */
  #joinNext(conference: ClientConference, step: ClientStep): void {
    const channelId = conference.nextToJoin();
    const { userId: initiator } = conference;
    if (channelId !== undefined) {
      if (this.#state === 'joining') this.#advance('CHANNEL_JOIN_CONFIRM');
      step.send(mcsPacket({ name: 'CHANNEL_JOIN_REQUEST', initiator, channelId }));
      return;
    }
    this.#advance('last CHANNEL_JOIN_CONFIRM');
    if (!conference.isJoined(conference.ioChannelId)) {
      throw new RdpRefusalError('SESSION_ENDED', 'the server does not let this client join its I/O channel');
    }
    step.send(clientInfoPacket(this.#options, conference));
  }

  #channelData(channelId: number, chunk: Uint8Array, conference: ClientConference, step: ClientStep): void {
    this.#advance('channelData', 'channel data');
    const channel = conference.channelName(channelId);
    if (channel !== undefined) step.emit({ type: 'channelData', channel, chunk });
  }

  #ioData(data: Uint8Array, conference: ClientConference, step: ClientStep): void {
    if (isServerRedirectionPdu(data)) {
      this.#redirection(decodeWith(ServerRedirectionPdu, data).redirection, step);
    } else if (this.#state === 'licensing') {
      if (isBareServerRedirection(data)) this.#redirection(decodeWith(ServerRedirection, data), step);
      else this.#licence(data, conference, step);
    } else if (!isFlowControl(data)) {
      this.#sharePdu(decodeWith(ShareControlPdu, data), conference, step);
    }
  }

  #licence(data: Uint8Array, { userId: initiator, ioChannelId: channelId }: ClientConference, step: ClientStep): void {
    const answer = this.#licensing.receive(data);
    if (answer !== undefined) step.send(sendDataPacket({ name: 'SEND_DATA_REQUEST', initiator, channelId }, answer));
    if (this.#licensing.isLicensed) this.#advance('licensed');
  }

  #redirection(redirection: ServerRedirection, step: ClientStep): void {
    if ((redirection.redirFlags & RedirectionFlag.LB_NOREDIRECT) !== 0) return;
    this.#advance('SERVER_REDIRECTION_PDU');
    step.emit({ type: 'redirected', redirection });
    this.#finish(step, undefined);
  }

  #sharePdu(pdu: ShareControlPdu, conference: ClientConference, step: ClientStep): void {
    switch (pdu.name) {
      case 'TS_DEMAND_ACTIVE_PDU':
        this.#advance(pdu.name);
        this.#share = new ClientShare(pdu, conference);
        for (const packet of this.#share.activation()) step.send(packet);
        return;
      case 'TS_DEACTIVATE_ALL_PDU':
        this.#advance(pdu.name);
        this.#share = undefined;
        return;
      case 'TS_DATA_PDU':
        this.#advance(pdu.name);
        this.#dataPdu(pdu.pduType2, pdu.data, step);
        return;
      case 'TS_CONFIRM_ACTIVE_PDU':
        throw this.#unexpected(pdu.name, 'only a client sends this');
    }
  }

  #dataPdu(pduType2: number, data: Uint8Array, step: ClientStep): void {
    switch (pduType2) {
      case PduType2.PDUTYPE2_FONTMAP:
        this.#advance('TS_FONT_MAP_PDU');
        for (const packet of this.#share?.suppressOutput() ?? []) step.send(packet);
        step.emit({ type: this.#isEstablished ? 'reactivated' : 'established' });
        this.#isEstablished = true;
        return;
      case PduType2.PDUTYPE2_SET_ERROR_INFO_PDU: {
        const { errorInfo } = decodeWith(SetErrorInfoPdu, data);
        this.#errorInfo = ORDINARY_ENDS.has(errorInfo) ? undefined : errorInfoRefusal(errorInfo);
        return;
      }
      case PduType2.PDUTYPE2_SAVE_SESSION_INFO: {
        const cookie = serverCookieIn(data);
        if (cookie !== undefined) step.emit({ type: 'cookie', cookie });
        return;
      }
      default:
      // Graphics, pointers, sounds, the server's half of the finalization: nothing that this client needs.
    }
  }

  #finish(step: ClientStep, error: Error | undefined): void {
    const reason = error === undefined ? DisconnectReason.userRequested : DisconnectReason.providerInitiated;
    if (this.#conference !== undefined) step.send(mcsPacket({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason }));
    this.#state = 'finished';
    step.emit({ type: 'finished', error });
  }

  /** Takes a move of the server, as `message` for people. @throws ProtocolError when the table does not allow it */
  #advance(input: RdpClientInput, message: string = input): void {
    const next = nextState(RDP_CLIENT_TRANSITIONS, this.#state, input);
    if (next === undefined) throw this.#unexpected(message, 'not allowed now');
    this.#state = next;
  }

  /** Takes a move of the owner. */
  #command(input: RdpClientInput, problem: string): void {
    const next = nextState(RDP_CLIENT_TRANSITIONS, this.#state, input);
    if (next === undefined) throw new UsageError(problem, { code: 'INVALID_STATE' });
    this.#state = next;
  }

  #unexpected(message: string, problem: string): ProtocolError {
    return new ProtocolError(message, this.#state, problem, SEQUENCE);
  }
}

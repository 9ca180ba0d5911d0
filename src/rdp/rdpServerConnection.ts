import { DecodeError, ProtocolError, UsageError, type SpecRef } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import {
  type ClientReconnectCookie,
  reconnectCookieIn,
  SaveSessionInfo,
  type ServerReconnectCookie,
} from '../../codecs/rdp/autoReconnect.ts';
import { EarlyCapability } from '../../codecs/rdp/clientData.ts';
import { ClientInfo } from '../../codecs/rdp/clientInfo.ts';
import { ALLOW_DISPLAY_UPDATES, RefreshRectPdu, SuppressOutputPdu } from '../../codecs/rdp/displayRequests.ts';
import { DisconnectReason, DomainMcsPdu } from '../../codecs/rdp/mcsDomain.ts';
import { SecurityFlag, SecurityHeader } from '../../codecs/rdp/securityHeader.ts';
import { ShareControlPdu } from '../../codecs/rdp/shareControl.ts';
import { ErrorInfo, PduType2, SetErrorInfoPdu } from '../../codecs/rdp/shareData.ts';
import { X224Data } from '../../codecs/rdp/x224.ts';
import { nextState, type Step, StepBuilder } from '../channels/machine.ts';
import { deactivateAllPacket, demandActivePacket, type DesktopSize } from './capabilities.ts';
import { ServerConference } from './conference.ts';
import { Finalization, fontMapFor } from './finalization.ts';
import { validClientPacket } from './licensing.ts';
import { type Negotiation, negotiate, type ServerSecurity } from './negotiation.ts';
import type { RdpPacket } from './rdpDeframer.ts';
import { channelPacket, dataPacket, decodeWith, IO_CHANNEL_ID, mcsPacket, readerOf, SHARE_ID } from './rdpPacket.ts';
import { RDP_SERVER_TRANSITIONS, type RdpServerInput, type RdpServerState } from './transitions.ts';

/** Credentials of a client. */
export interface RdpCredentials {
  /** Windows domain, often empty. */
  readonly domain: string;
  /** As typed at the client. */
  readonly userName: string;
  /** As typed at the client. */
  readonly password: string;
}

/** Event or demand for the owner of a connection. */
export type RdpEvent =
  /** Send what is outgoing, do the TLS handshake on the same socket, then call `secured`. */
  | { readonly type: 'tlsRequired' }
  /** Call `admit`. */
  | {
      readonly type: 'credentials';
      readonly credentials: RdpCredentials;
      /** What a client that was there before comes back with. */
      readonly cookie: ClientReconnectCookie | undefined;
    }
  /** Virtual channels can be used; comes once. */
  | { readonly type: 'established' }
  /** One chunk: CHANNEL_PDU_HEADER and data. */
  | { readonly type: 'channelData'; readonly channel: string; readonly chunk: Uint8Array }
  /** The client wants to see the desktop again. It may say so as often as it likes. */
  | { readonly type: 'repaint' }
  /** Send what is outgoing, then close; without an error the client wanted it. */
  | { readonly type: 'finished'; readonly error: Error | undefined };

/** The owner of the connection did not admit the client. */
export class AdmissionError extends Error {
  override readonly name = 'AdmissionError';
  /** Stable, for programs. */
  readonly code = 'NOT_ADMITTED';
}

const SEQUENCE: SpecRef = { document: 'MS-RDPBCGR', section: '1.3.1.1' };
/** totalLength of a flow control PDU, which is no share control PDU, [T.128] 8.4. */
const FLOW_MARKER = 0x8000;

/**
 * The server side of one RDP connection, [MS-RDPBCGR] 1.3.1.1, without sockets: packets in, packets and events out. It
 * insists on TLS, asks its owner whether to admit the user, offers a plain desktop, and carries static virtual channels.
 *
 * The number of packets that it sends on its own is bounded, however much a client sends: see
 * {@link RDP_SERVER_TRANSITIONS}.
 */
export class RdpServerConnection {
  readonly #security: ServerSecurity;
  #state: RdpServerState = 'awaitingConnectionRequest';
  #negotiation: Negotiation | undefined;
  /** From Connect-Initial on. */
  #conference: ServerConference | undefined;
  #finalization = new Finalization();
  /** Whether virtual channels can be used: from the first activation on. */
  #isEstablished = false;

  /** @param security - CredSSP, if it is part of it, is the owner's: it follows TLS, before `secured` */
  constructor(security: ServerSecurity = 'tls') {
    this.#security = security;
  }

  /** Names of the channels that the client has joined, in lower case. */
  get channels(): readonly string[] {
    return this.#conference?.channels ?? [];
  }

  /** The client's name for its machine; empty before it told. */
  get clientName(): string {
    return this.#conference?.clientName ?? '';
  }

  /** The desktop that the client was given. */
  get desktop(): DesktopSize {
    return this.#conference?.desktop ?? { width: 0, height: 0 };
  }

  /** Takes a packet of the client. One that is wrong ends the connection, with an event. */
  received(packet: RdpPacket): Step<RdpEvent> {
    const step = new StepBuilder<RdpEvent>();
    if (this.#state === 'finished') return step;
    try {
      if (packet.type === 'fastPath') this.#advance('fastPathInput', 'fast-path input');
      else this.#tpkt(packet.payload, step);
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
      this.#finish(step, error, DisconnectReason.providerInitiated);
    }
    return step;
  }

  /** The TLS handshake is complete. @throws UsageError unless it was asked for by `tlsRequired` */
  secured(): void {
    this.#command('secured', 'secured() is for after tlsRequired');
  }

  /**
   * Answers `credentials`. A client that is not admitted is told so and disconnected; `why` is only for the event.
   * @throws UsageError at any other time
   */
  admit(isAdmitted: boolean, why = 'wrong user name or password'): Step<RdpEvent> {
    this.#command(isAdmitted ? 'admitted' : 'refused', 'admit() is for after credentials');
    const step = new StepBuilder<RdpEvent>();
    step.send(validClientPacket());
    if (isAdmitted) {
      step.send(demandActivePacket(this.desktop));
    } else {
      // Sent also to clients that do not announce RNS_UD_CS_SUPPORT_ERRINFO_PDU: FreeRDP 3 does not, and understands it.
      step.send(errorInfoPacket(ErrorInfo.ERRINFO_SERVER_DENIED_CONNECTION));
      this.#finish(step, new AdmissionError(why), DisconnectReason.providerInitiated);
    }
    return step;
  }

  /** The packet that carries a chunk on a channel. @throws UsageError when the client has not joined it */
  channelPacket(channel: string, chunk: Parts): Parts {
    const id = this.#conference?.channelId(channel);
    if (id === undefined) throw new UsageError(`the client has no channel ${channel}`);
    return channelPacket(id, chunk);
  }

  /** Whether the desktop can be painted: not while the client is about to activate again, nor at the end. */
  get isActive(): boolean {
    return this.#state === 'active';
  }

  /** A data PDU for the desktop. @throws UsageError unless the connection is active */
  updatePacket(update: Parts): Parts {
    if (!this.isActive) {
      throw new UsageError('the desktop can be painted only on an active connection', { code: 'INVALID_STATE' });
    }
    return dataPacket(PduType2.PDUTYPE2_UPDATE, update);
  }

  /** Gives the client what it can come back with, when virtual channels can be used. */
  cookiePacket(autoReconnectCookie: ServerReconnectCookie): Parts {
    return dataPacket(PduType2.PDUTYPE2_SAVE_SESSION_INFO, SaveSessionInfo.encode({ autoReconnectCookie }));
  }

  /**
   * Lets the client confirm capabilities and finish its activation once more; channels go on, [MS-RDPBCGR] 1.3.1.3.
   * @throws UsageError unless the connection is active
   */
  reactivate(): Step<RdpEvent> {
    this.#command('reactivate', 'only an active connection can be reactivated');
    const step = new StepBuilder<RdpEvent>();
    step.send(deactivateAllPacket());
    step.send(demandActivePacket(this.desktop));
    return step;
  }

  /** Ends the connection from this side; `errorInfo`, of {@link ErrorInfo}, is what the client can show. */
  end(errorInfo: number): Step<RdpEvent> {
    const step = new StepBuilder<RdpEvent>();
    if (this.#state === 'finished') return step;
    const flags = this.#conference?.earlyCapabilityFlags ?? 0;
    if (this.#isEstablished && (flags & EarlyCapability.RNS_UD_CS_SUPPORT_ERRINFO_PDU) !== 0) {
      step.send(errorInfoPacket(errorInfo));
    }
    this.#finish(step, undefined, DisconnectReason.providerInitiated);
    return step;
  }

  #tpkt(payload: Uint8Array, step: StepBuilder<RdpEvent>): void {
    switch (this.#state) {
      case 'awaitingConnectionRequest':
        this.#connectionRequest(payload, step);
        break;
      case 'awaitingConnectInitial':
        this.#connectInitial(decodeWith(X224Data, payload).data, step);
        break;
      case 'awaitingTls':
      case 'awaitingAdmission':
      case 'finished':
        throw this.#unexpected('a packet', 'the client has to wait for an answer');
      case 'attaching':
      case 'joining':
      case 'awaitingConfirmActive':
      case 'finalizing':
      case 'active':
      case 'reconfirming':
      case 'refinalizing':
        this.#domainPdu(decodeWith(DomainMcsPdu, decodeWith(X224Data, payload).data), step);
    }
  }

  #connectionRequest(payload: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const negotiation = negotiate(payload, this.#security);
    step.send(negotiation.confirm);
    if (negotiation.problem === undefined) {
      this.#advance('X224_CONNECTION_REQUEST');
      this.#negotiation = negotiation;
      step.emit({ type: 'tlsRequired' });
      return;
    }
    const error = new ProtocolError('X224_CONNECTION_REQUEST', 'start', negotiation.problem, SEQUENCE);
    this.#advance('X224_CONNECTION_REQUEST without TLS');
    step.emit({ type: 'finished', error });
  }

  #connectInitial(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const conference = new ServerConference(data);
    this.#advance('CONNECT_INITIAL');
    this.#conference = conference;
    step.send(conference.connectResponse(this.#negotiation?.requestedProtocols ?? 0));
  }

  #domainPdu(pdu: DomainMcsPdu, step: StepBuilder<RdpEvent>): void {
    switch (pdu.name) {
      case 'ERECT_DOMAIN_REQUEST':
        // It says nothing that RDP needs.
        return;
      case 'ATTACH_USER_REQUEST':
        this.#advance(pdu.name);
        if (this.#conference !== undefined) step.send(this.#conference.attach());
        return;
      case 'CHANNEL_JOIN_REQUEST':
        this.#advance(pdu.name);
        if (this.#conference !== undefined) step.send(this.#conference.join(pdu.channelId));
        return;
      case 'SEND_DATA_REQUEST':
        if (pdu.channelId === IO_CHANNEL_ID) this.#ioData(pdu.userData, step);
        else this.#channelData(pdu.channelId, pdu.userData, step);
        return;
      case 'DISCONNECT_PROVIDER_ULTIMATUM':
        this.#state = 'finished';
        step.emit({ type: 'finished', error: undefined });
        return;
      case 'ATTACH_USER_CONFIRM':
      case 'CHANNEL_JOIN_CONFIRM':
      case 'SEND_DATA_INDICATION':
        throw this.#unexpected(pdu.name, 'only a server sends this');
    }
  }

  #channelData(channelId: number, chunk: Uint8Array, step: StepBuilder<RdpEvent>): void {
    this.#advance('channelData', 'channel data');
    const channel = this.#conference?.channelName(channelId);
    if (channel !== undefined && this.#isEstablished) step.emit({ type: 'channelData', channel, chunk });
  }

  #ioData(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    if (this.#conference !== undefined && isBeforeAdmission(this.#state)) this.#clientInfo(data, step);
    else if (!isFlowControl(data)) this.#sharePdu(decodeWith(ShareControlPdu, data), step);
  }

  #clientInfo(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const logon = clientLogon(data, this.#state);
    this.#advance('TS_INFO_PACKET');
    step.emit({ type: 'credentials', ...logon });
  }

  #sharePdu(pdu: ShareControlPdu, step: StepBuilder<RdpEvent>): void {
    switch (pdu.name) {
      case 'TS_CONFIRM_ACTIVE_PDU':
        this.#advance(pdu.name);
        if (pdu.shareId !== SHARE_ID) throw this.#unexpected(pdu.name, `there is no share ${pdu.shareId}`);
        this.#finalization = new Finalization();
        return;
      case 'TS_DATA_PDU':
        this.#advance(pdu.name);
        if (this.#state !== 'reconfirming') this.#dataPdu(pdu.pduType2, pdu.data, step);
        return;
      case 'TS_DEMAND_ACTIVE_PDU':
      case 'TS_DEACTIVATE_ALL_PDU':
        throw this.#unexpected(pdu.name, 'only a server sends this');
    }
  }

  #dataPdu(pduType2: number, data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    switch (pduType2) {
      case PduType2.PDUTYPE2_SYNCHRONIZE:
        for (const answer of this.#finalization.synchronize(data)) step.send(answer);
        return;
      case PduType2.PDUTYPE2_CONTROL:
        for (const answer of this.#finalization.control(data)) step.send(answer);
        return;
      case PduType2.PDUTYPE2_FONTLIST:
        this.#fontList(data, step);
        return;
      case PduType2.PDUTYPE2_SHUTDOWN_REQUEST:
        this.#advance('TS_SHUTDOWN_REQ_PDU');
        this.#finish(step, undefined, DisconnectReason.userRequested);
        return;
      case PduType2.PDUTYPE2_REFRESH_RECT:
        if (decodeWith(RefreshRectPdu, data).areasToRefresh.length > 0) this.#repaint(step);
        return;
      case PduType2.PDUTYPE2_SUPPRESS_OUTPUT: {
        const { allowDisplayUpdates } = decodeWith(SuppressOutputPdu, data);
        if (allowDisplayUpdates === ALLOW_DISPLAY_UPDATES) this.#repaint(step);
        return;
      }
      default:
      // Input, persistent bitmap keys: nothing that this desktop needs.
    }
  }

  /** Not before the end of an activation, which repaints anyway. */
  #repaint(step: StepBuilder<RdpEvent>): void {
    if (this.isActive) step.emit({ type: 'repaint' });
  }

  /** Ends an activation. One that comes again is not answered. */
  #fontList(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const answer = fontMapFor(data);
    const next = nextState<RdpServerState, RdpServerInput>(RDP_SERVER_TRANSITIONS, this.#state, 'TS_FONT_LIST_PDU');
    if (next === undefined) return;
    this.#state = next;
    step.send(answer);
    step.emit({ type: this.#isEstablished ? 'repaint' : 'established' });
    this.#isEstablished = true;
  }

  #finish(step: StepBuilder<RdpEvent>, error: Error | undefined, reason: number): void {
    if (this.#isEstablished) step.send(deactivateAllPacket());
    if (this.#conference !== undefined) step.send(mcsPacket({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason }));
    this.#state = 'finished';
    step.emit({ type: 'finished', error });
  }

  /** Takes a move of the client, as `message` for people. @throws ProtocolError when the table does not allow it */
  #advance(input: RdpServerInput, message: string = input): void {
    const next = nextState(RDP_SERVER_TRANSITIONS, this.#state, input);
    if (next === undefined) throw this.#unexpected(message, 'not allowed now');
    this.#state = next;
  }

  /** Takes a move of the owner. */
  #command(input: RdpServerInput, problem: string): void {
    const next = nextState(RDP_SERVER_TRANSITIONS, this.#state, input);
    if (next === undefined) throw new UsageError(problem, { code: 'INVALID_STATE' });
    this.#state = next;
  }

  #unexpected(message: string, problem: string): ProtocolError {
    return new ProtocolError(message, this.#state, problem, SEQUENCE);
  }
}

/**
 * What a client says about its user, [MS-RDPBCGR] 2.2.1.11.
 * @param state for the error
 * @throws DecodeError, ProtocolError
 */
export function clientLogon(
  data: Uint8Array,
  state: string,
): { readonly credentials: RdpCredentials; readonly cookie: ClientReconnectCookie | undefined } {
  const reader = readerOf(ClientInfo, data);
  const { flags } = SecurityHeader.decode(reader);
  if ((flags & SecurityFlag.SEC_INFO_PKT) === 0) {
    throw new ProtocolError('a PDU', state, 'TS_INFO_PACKET has to come first', SEQUENCE);
  }
  const { domain, userName, password, extraInfo } = ClientInfo.decode(reader);
  return { credentials: { domain, userName, password }, cookie: reconnectCookieIn(extraInfo) };
}

function isBeforeAdmission(state: RdpServerState): boolean {
  return state === 'attaching' || state === 'joining';
}

/** TS_SET_ERROR_INFO_PDU. */
export function errorInfoPacket(errorInfo: number, ioChannelId = IO_CHANNEL_ID): Parts {
  return dataPacket(PduType2.PDUTYPE2_SET_ERROR_INFO_PDU, SetErrorInfoPdu.encode({ errorInfo }), ioChannelId);
}

/** A flow control PDU, which is no share control PDU and says nothing here, [T.128] 8.4. */
export function isFlowControl(data: Uint8Array): boolean {
  const [low = 0, high = 0] = data;
  return high * 256 + low === FLOW_MARKER;
}

import { DecodeError, ProtocolError, UsageError, type SpecRef } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { EarlyCapability } from '../../codecs/rdp/clientData.ts';
import { ClientInfo } from '../../codecs/rdp/clientInfo.ts';
import { ALLOW_DISPLAY_UPDATES, RefreshRectPdu, SuppressOutputPdu } from '../../codecs/rdp/displayRequests.ts';
import { DisconnectReason, DomainMcsPdu } from '../../codecs/rdp/mcsDomain.ts';
import { SecurityFlag, SecurityHeader } from '../../codecs/rdp/securityHeader.ts';
import { ShareControlPdu } from '../../codecs/rdp/shareControl.ts';
import {
  ControlAction,
  ControlPdu,
  ErrorInfo,
  FONTLIST_WHOLE,
  FontListPdu,
  FontMapPdu,
  PduType2,
  SetErrorInfoPdu,
  SYNCMSGTYPE_SYNC,
  SynchronizePdu,
} from '../../codecs/rdp/shareData.ts';
import {
  NegotiationFailure,
  SecurityProtocol,
  X224ConnectionConfirm,
  X224ConnectionRequest,
  X224Data,
} from '../../codecs/rdp/x224.ts';
import { type Step, StepBuilder } from '../channels/step.ts';
import { type DesktopSize, serverCapabilities } from './capabilities.ts';
import { type ConferenceClient, connectResponse, readConnectInitial } from './conference.ts';
import type { RdpPacket } from './rdpDeframer.ts';
import {
  channelPacket,
  CLIENT_USER_ID,
  controlPacket,
  dataPacket,
  deactivateAllPacket,
  demandActivePacket,
  IO_CHANNEL_ID,
  licensePacket,
  mcsPacket,
  SERVER_USER_ID,
  SHARE_ID,
  tpktPacket,
} from './rdpPacket.ts';

/** Who a client says it is. */
export interface RdpCredentials {
  readonly domain: string;
  readonly userName: string;
  readonly password: string;
}

/** What the owner of a connection has to know or do. */
export type RdpEvent =
  /** Send what is outgoing, do the TLS handshake on the same socket, then call `secured`. */
  | { readonly type: 'tlsRequired' }
  /** Call `admit`. */
  | { readonly type: 'credentials'; readonly credentials: RdpCredentials }
  /** Virtual channels can be used; comes once. */
  | { readonly type: 'established' }
  /** One chunk: CHANNEL_PDU_HEADER and data. */
  | { readonly type: 'channelData'; readonly channel: string; readonly chunk: Uint8Array }
  /** The client wants to see the desktop again. It may say so as often as it likes. */
  | { readonly type: 'repaint' }
  /** Send what is outgoing, then close; without an error the client wanted it. */
  | { readonly type: 'finished'; readonly error: Error | undefined };

type State =
  | 'awaitingConnectionRequest'
  | 'awaitingTls'
  | 'awaitingConnectInitial'
  /** The client attaches, joins channels, and tells who its user is. */
  | 'joining'
  | 'awaitingAdmission'
  | 'awaitingConfirmActive'
  | 'finalizing'
  | 'active'
  | 'finished';

const SEQUENCE: SpecRef = { document: 'MS-RDPBCGR', section: '1.3.1.1' };
/** totalLength of a flow control PDU, which is no share control PDU, [T.128] 8.4. */
const FLOW_MARKER = 0x8000;
const SERVER_REFERENCE = 0x1234;

/**
 * The server side of one RDP connection, [MS-RDPBCGR] 1.3.1.1, without sockets: packets in, packets and events out. It
 * insists on TLS, asks its owner who may come in, offers a plain desktop, and carries static virtual channels.
 */
export class RdpServerConnection {
  #state: State = 'awaitingConnectionRequest';
  #requestedProtocols = 0;
  #client: ConferenceClient | undefined;
  readonly #joined = new Set<number>();
  #isEstablished = false;

  /** Names of the channels that the client has joined, in lower case. */
  get channels(): readonly string[] {
    return (this.#client?.channels ?? []).filter(({ id }) => this.#joined.has(id)).map(({ name }) => name);
  }

  /** The client's name for itself; empty before it told. */
  get clientName(): string {
    return this.#client?.clientName ?? '';
  }

  /** The desktop that the client was given. */
  get desktop(): DesktopSize {
    return this.#client?.desktop ?? { width: 0, height: 0 };
  }

  /** Takes a packet of the client. What is wrong with it ends the connection, with an event. */
  received(packet: RdpPacket): Step<RdpEvent> {
    const step = new StepBuilder<RdpEvent>();
    if (this.#state === 'finished') return step;
    try {
      if (packet.type === 'fastPath') this.#requireActivation('fast-path input');
      else this.#tpkt(packet.payload, step);
    } catch (error) {
      if (!(error instanceof DecodeError) && !(error instanceof ProtocolError)) throw error;
      this.#finish(step, error, DisconnectReason.providerInitiated);
    }
    return step;
  }

  /** TLS stands. */
  secured(): void {
    if (this.#state !== 'awaitingTls') throw new UsageError('secured() is for after tlsRequired');
    this.#state = 'awaitingConnectInitial';
  }

  /** Answers `credentials`. Who is not admitted is told so and disconnected; `why` is for the event alone. */
  admit(isAdmitted: boolean, why = 'wrong user name or password'): Step<RdpEvent> {
    if (this.#state !== 'awaitingAdmission') throw new UsageError('admit() is for after credentials');
    const step = new StepBuilder<RdpEvent>();
    step.send(licensePacket());
    if (isAdmitted) {
      step.send(demandActivePacket(serverCapabilities(this.desktop)));
      this.#state = 'awaitingConfirmActive';
    } else {
      this.#sendErrorInfo(step, ErrorInfo.ERRINFO_SERVER_DENIED_CONNECTION);
      this.#finish(step, new Error(why), DisconnectReason.providerInitiated);
    }
    return step;
  }

  /** The packet that carries a chunk on a channel. @throws UsageError when the client has not joined it */
  channelPacket(channel: string, chunk: Parts): Parts {
    const id = this.#client?.channels.find(({ name }) => name === channel)?.id;
    if (id === undefined || !this.#joined.has(id)) throw new UsageError(`the client has no channel ${channel}`);
    return channelPacket(id, chunk);
  }

  /** Whether the desktop can be painted: not while the client is about to activate again, nor at the end. */
  get isActive(): boolean {
    return this.#state === 'active';
  }

  /** A data PDU for the desktop. @throws UsageError unless the connection is active */
  updatePacket(update: Parts): Parts {
    if (!this.isActive) throw new UsageError('the desktop can be painted on an active connection alone');
    return dataPacket(PduType2.PDUTYPE2_UPDATE, update);
  }

  /** Lets the client confirm capabilities and finish its activation once more; channels go on, [MS-RDPBCGR] 1.3.1.3. */
  reactivate(): Step<RdpEvent> {
    if (this.#state !== 'active') throw new UsageError('only an active connection can be reactivated');
    const step = new StepBuilder<RdpEvent>();
    step.send(deactivateAllPacket());
    step.send(demandActivePacket(serverCapabilities(this.desktop)));
    this.#state = 'awaitingConfirmActive';
    return step;
  }

  /** Ends the connection from this side; `errorInfo`, of {@link ErrorInfo}, is what the client can show. */
  end(errorInfo: number): Step<RdpEvent> {
    const step = new StepBuilder<RdpEvent>();
    if (this.#state === 'finished') return step;
    if (this.#isEstablished) this.#sendErrorInfo(step, errorInfo);
    this.#finish(step, undefined, DisconnectReason.providerInitiated);
    return step;
  }

  #tpkt(payload: Uint8Array, step: StepBuilder<RdpEvent>): void {
    switch (this.#state) {
      case 'awaitingConnectionRequest':
        this.#connectionRequest(payload, step);
        break;
      case 'awaitingConnectInitial':
        this.#connectInitial(dataOf(payload), step);
        break;
      case 'awaitingTls':
      case 'awaitingAdmission':
      case 'finished':
        throw this.#unexpected('a packet', 'the client has to wait for an answer');
      default:
        this.#domainPdu(decodeWith(DomainMcsPdu, dataOf(payload)), step);
    }
  }

  #connectionRequest(payload: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const { sourceReference, negotiation } = decodeWith(X224ConnectionRequest, payload);
    const confirm = (answer: NonNullable<X224ConnectionConfirm['negotiation']>) => {
      const references = { destinationReference: sourceReference, sourceReference: SERVER_REFERENCE };
      step.send(tpktPacket(X224ConnectionConfirm.encode({ ...references, negotiation: answer })));
    };
    this.#requestedProtocols = negotiation?.requestedProtocols ?? SecurityProtocol.PROTOCOL_RDP;
    if ((this.#requestedProtocols & SecurityProtocol.PROTOCOL_SSL) === 0) {
      confirm({ type: 'failure', failureCode: NegotiationFailure.SSL_REQUIRED_BY_SERVER });
      const problem = 'the client offers no TLS, and standard RDP security is refused: switch TLS security on there';
      this.#state = 'finished';
      step.emit({ type: 'finished', error: new ProtocolError('X224_CONNECTION_REQUEST', 'start', problem, SEQUENCE) });
      return;
    }
    confirm({ type: 'response', flags: 0, selectedProtocol: SecurityProtocol.PROTOCOL_SSL });
    this.#state = 'awaitingTls';
    step.emit({ type: 'tlsRequired' });
  }

  #connectInitial(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    this.#client = readConnectInitial(data);
    step.send(tpktPacket(connectResponse(this.#client, this.#requestedProtocols)));
    this.#state = 'joining';
  }

  #domainPdu(pdu: DomainMcsPdu, step: StepBuilder<RdpEvent>): void {
    switch (pdu.name) {
      case 'ERECT_DOMAIN_REQUEST':
        return;
      case 'ATTACH_USER_REQUEST':
        this.#requireState('joining', pdu.name);
        step.send(mcsPacket({ name: 'ATTACH_USER_CONFIRM', result: 0, initiator: CLIENT_USER_ID }));
        return;
      case 'CHANNEL_JOIN_REQUEST':
        this.#requireState('joining', pdu.name);
        this.#join(pdu.channelId, step);
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

  #join(channelId: number, step: StepBuilder<RdpEvent>): void {
    const isStatic = this.#client?.channels.some(({ id }) => id === channelId) ?? false;
    if (!isStatic && channelId !== IO_CHANNEL_ID && channelId !== CLIENT_USER_ID) {
      throw this.#unexpected('CHANNEL_JOIN_REQUEST', `there is no channel ${channelId}`);
    }
    this.#joined.add(channelId);
    const name = 'CHANNEL_JOIN_CONFIRM';
    step.send(mcsPacket({ name, result: 0, initiator: CLIENT_USER_ID, requested: channelId, channelId }));
  }

  #channelData(channelId: number, chunk: Uint8Array, step: StepBuilder<RdpEvent>): void {
    this.#requireActivation('channel data');
    const channel = this.#client?.channels.find(({ id }) => id === channelId)?.name;
    if (channel === undefined || !this.#isEstablished || !this.#joined.has(channelId)) return;
    step.emit({ type: 'channelData', channel, chunk });
  }

  #ioData(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    if (this.#state === 'joining') this.#clientInfo(data, step);
    else if (!isFlowControl(data)) this.#sharePdu(decodeWith(ShareControlPdu, data), step);
  }

  #clientInfo(data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    const reader = readerOf(ClientInfo, data);
    const { flags } = SecurityHeader.decode(reader);
    if ((flags & SecurityFlag.SEC_INFO_PKT) === 0) throw this.#unexpected('a PDU', 'TS_INFO_PACKET has to come first');
    const { domain, userName, password } = ClientInfo.decode(reader);
    this.#state = 'awaitingAdmission';
    step.emit({ type: 'credentials', credentials: { domain, userName, password } });
  }

  #sharePdu(pdu: ShareControlPdu, step: StepBuilder<RdpEvent>): void {
    switch (pdu.name) {
      case 'TS_CONFIRM_ACTIVE_PDU':
        this.#requireState('awaitingConfirmActive', pdu.name);
        if (pdu.shareId !== SHARE_ID) throw this.#unexpected(pdu.name, `there is no share ${pdu.shareId}`);
        this.#state = 'finalizing';
        return;
      case 'TS_DATA_PDU':
        this.#dataPdu(pdu.pduType2, pdu.data, step);
        return;
      case 'TS_DEMAND_ACTIVE_PDU':
      case 'TS_DEACTIVATE_ALL_PDU':
        throw this.#unexpected(pdu.name, 'only a server sends this');
    }
  }

  #dataPdu(pduType2: number, data: Uint8Array, step: StepBuilder<RdpEvent>): void {
    // Until it has seen Deactivate All a client goes on as if nothing had happened.
    if (this.#state === 'awaitingConfirmActive' && this.#isEstablished) return;
    this.#requireActivation('TS_DATA_PDU');
    switch (pduType2) {
      case PduType2.PDUTYPE2_SYNCHRONIZE: {
        decodeWith(SynchronizePdu, data);
        const answer = { messageType: SYNCMSGTYPE_SYNC, targetUser: CLIENT_USER_ID };
        step.send(dataPacket(PduType2.PDUTYPE2_SYNCHRONIZE, SynchronizePdu.encode(answer)));
        step.send(controlPacket(ControlAction.CTRLACTION_COOPERATE, 0, 0));
        return;
      }
      case PduType2.PDUTYPE2_CONTROL: {
        const { action } = decodeWith(ControlPdu, data);
        if (action !== ControlAction.CTRLACTION_REQUEST_CONTROL) return;
        step.send(controlPacket(ControlAction.CTRLACTION_GRANTED_CONTROL, CLIENT_USER_ID, SERVER_USER_ID));
        return;
      }
      case PduType2.PDUTYPE2_FONTLIST:
        decodeWith(FontListPdu, data);
        this.#fontList(step);
        return;
      case PduType2.PDUTYPE2_SHUTDOWN_REQUEST:
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

  #fontList(step: StepBuilder<RdpEvent>): void {
    const map = { numberEntries: 0, totalNumEntries: 0, mapFlags: FONTLIST_WHOLE, entrySize: 4 };
    step.send(dataPacket(PduType2.PDUTYPE2_FONTMAP, FontMapPdu.encode(map)));
    this.#state = 'active';
    step.emit({ type: this.#isEstablished ? 'repaint' : 'established' });
    this.#isEstablished = true;
  }

  #sendErrorInfo(step: StepBuilder<RdpEvent>, errorInfo: number): void {
    const isUnderstood = EarlyCapability.RNS_UD_CS_SUPPORT_ERRINFO_PDU & (this.#client?.earlyCapabilityFlags ?? 0);
    if (isUnderstood === 0) return;
    step.send(dataPacket(PduType2.PDUTYPE2_SET_ERROR_INFO_PDU, SetErrorInfoPdu.encode({ errorInfo })));
  }

  #finish(step: StepBuilder<RdpEvent>, error: Error | undefined, reason: number): void {
    if (this.#isEstablished) step.send(deactivateAllPacket());
    if (this.#client !== undefined) step.send(mcsPacket({ name: 'DISCONNECT_PROVIDER_ULTIMATUM', reason }));
    this.#state = 'finished';
    step.emit({ type: 'finished', error });
  }

  #requireState(state: State, message: string): void {
    if (this.#state !== state) throw this.#unexpected(message, 'it comes at the wrong time');
  }

  /** From Confirm Active on. */
  #requireActivation(message: string): void {
    if (this.#isEstablished || this.#state === 'finalizing') return;
    throw this.#unexpected(message, 'the connection is not active yet');
  }

  #unexpected(message: string, problem: string): ProtocolError {
    return new ProtocolError(message, this.#state, problem, SEQUENCE);
  }
}

type Decoder<V> = { readonly name: string; readonly spec: SpecRef; decode(reader: Reader): V };

/** As sessions read: bytes behind the last known field are of a later version. */
function readerOf(codec: Decoder<unknown>, bytes: Uint8Array): Reader {
  return new Reader(bytes, codec.name, codec.spec, { lenient: true });
}

function decodeWith<V>(codec: Decoder<V>, bytes: Uint8Array): V {
  return codec.decode(readerOf(codec, bytes));
}

function dataOf(payload: Uint8Array): Uint8Array {
  return decodeWith(X224Data, payload).data;
}

function isFlowControl(data: Uint8Array): boolean {
  const [low = 0, high = 0] = data;
  return high * 256 + low === FLOW_MARKER;
}

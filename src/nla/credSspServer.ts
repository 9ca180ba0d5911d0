import { ProtocolError } from '../../codecs/core/errors.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import { isSameProof } from '../../codecs/core/sameProof.ts';
import { CredType, TsCredentials } from '../../codecs/cssp/tsCredentials.ts';
import { TsRequest } from '../../codecs/cssp/tsRequest.ts';
import { nextState, type Step, StepBuilder, type Transitions } from '../channels/machine.ts';
import type { Credentials } from './ntlmClient.ts';
import { decodeToken } from './ntlmMessages.ts';
import { NtlmServer, type NtlmServerOptions } from './ntlmServer.ts';
import type { NtlmSession } from './ntlmSession.ts';
import { CREDSSP_VERSION, HASHED_BINDING_VERSION, publicKeyBinding } from './publicKeyBinding.ts';

/** Options of {@link CredSspServer}. */
export interface CredSspServerOptions extends NtlmServerOptions {
  /** subjectPublicKey of this end's certificate, without the count of unused bits. */
  readonly publicKey: Uint8Array;
}

/** What became of the proof of a {@link CredSspServer}'s client. */
export type CredSspServerEvent =
  /** The client knows the password, and has given it: RDP goes on. */
  | { readonly type: 'authenticated'; readonly credentials: Credentials }
  /** It does not. What is outgoing tells it so; then close. */
  | { readonly type: 'refused' };

export type CredSspServerState =
  'awaitingNegotiate' | 'awaitingProof' | 'awaitingCredentials' | 'authenticated' | 'refused';
type Input = 'negotiate' | 'proof' | 'wrongProof' | 'authInfo';

export const CREDSSP_SERVER_TRANSITIONS: Transitions<CredSspServerState, Input> = {
  awaitingNegotiate: { negotiate: 'awaitingProof' },
  awaitingProof: { proof: 'awaitingCredentials', wrongProof: 'refused' },
  awaitingCredentials: { authInfo: 'authenticated' },
};

/** STATUS_LOGON_FAILURE, [MS-ERREF] 2.3.1. */
const LOGON_FAILURE = 0xc000006d;

/**
 * The server's half of CredSSP with NTLM, [MS-CSSP] 3.1.5: TSRequest in, TSRequest out. Clients before version 5 are refused,
 * because they can be led astray (CVE-2018-0886), and so are tokens of SPNEGO.
 */
export class CredSspServer {
  readonly #publicKey: Uint8Array;
  readonly #ntlm: NtlmServer;
  #state: CredSspServerState = 'awaitingNegotiate';
  #session: NtlmSession | undefined;

  constructor(options: CredSspServerOptions) {
    this.#publicKey = options.publicKey;
    this.#ntlm = new NtlmServer(options);
  }

  get state(): CredSspServerState {
    return this.#state;
  }

  /**
   * Takes one TSRequest of the client.
   *
   * @throws DecodeError for what is none
   * @throws ProtocolError for a client that speaks out of turn, or an old one
   */
  receive(bytes: Uint8Array): Step<CredSspServerEvent> {
    const request = decodeToken(TsRequest, bytes);
    if (request.version < HASHED_BINDING_VERSION) {
      throw this.#error(`the client has version ${request.version} of CredSSP, which is not safe: update it`);
    }
    const step = new StepBuilder<CredSspServerEvent>();
    switch (this.#state) {
      case 'awaitingNegotiate':
        this.#challenge(request, step);
        return step;
      case 'awaitingProof':
        this.#judge(request, step);
        return step;
      case 'awaitingCredentials':
        this.#accept(request, step);
        return step;
      case 'authenticated':
      case 'refused':
        throw this.#error('it is not expected now');
    }
  }

  #challenge(request: TsRequest, step: StepBuilder<CredSspServerEvent>): void {
    const challenge = this.#ntlm.challenge(this.#token(request));
    this.#advance('negotiate');
    step.send(answer({ negoTokens: [challenge] }));
  }

  #judge(request: TsRequest, step: StepBuilder<CredSspServerEvent>): void {
    const { pubKeyAuth, clientNonce } = request;
    const session = this.#ntlm.authenticate(this.#token(request));
    if (session !== undefined && (pubKeyAuth === undefined || clientNonce === undefined)) {
      throw this.#error('there is no pubKeyAuth or no clientNonce in it');
    }
    const opened = pubKeyAuth === undefined ? undefined : session?.open(pubKeyAuth);
    const nonce = clientNonce ?? new Uint8Array(0);
    const isOnThisConnection =
      opened !== undefined && isSameProof(opened, publicKeyBinding('client', nonce, this.#publicKey));
    if (session === undefined || !isOnThisConnection) {
      this.#advance('wrongProof');
      step.send(answer({ errorCode: LOGON_FAILURE }));
      step.emit({ type: 'refused' });
      return;
    }
    this.#advance('proof');
    this.#session = session;
    step.send(answer({ pubKeyAuth: session.seal(publicKeyBinding('server', nonce, this.#publicKey)) }));
  }

  #accept({ authInfo }: TsRequest, step: StepBuilder<CredSspServerEvent>): void {
    const opened = authInfo === undefined ? undefined : this.#session?.open(authInfo);
    if (opened === undefined) throw this.#error('there is no authInfo in it, or it cannot be opened');
    const given = decodeToken(TsCredentials, opened);
    if (given.credType !== CredType.PASSWORD) throw this.#error('the client gives a smart card instead of a password');
    this.#advance('authInfo');
    const { userName, domainName, password } = given;
    step.emit({ type: 'authenticated', credentials: { userName, domainName, password } });
  }

  #token({ negoTokens }: TsRequest): Uint8Array {
    const token = negoTokens?.[0];
    if (token === undefined) throw this.#error('there is no token in it');
    return token;
  }

  #advance(input: Input): void {
    const next = nextState(CREDSSP_SERVER_TRANSITIONS, this.#state, input);
    if (next === undefined) throw this.#error(`${input} is not expected now`);
    this.#state = next;
  }

  #error(problem: string): ProtocolError {
    return new ProtocolError('TSRequest', this.#state, problem, TsRequest.spec);
  }
}

function answer(content: Omit<TsRequest, 'name' | 'version'>): Parts {
  return TsRequest.encode({ name: 'TSRequest', version: CREDSSP_VERSION, ...content });
}

import { ProtocolError } from '../../codecs/core/errors.ts';
import { isSameProof } from '../../codecs/core/sameProof.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { CredType, TsCredentials } from '../../codecs/cssp/tsCredentials.ts';
import { TsRequest } from '../../codecs/cssp/tsRequest.ts';
import { nextState, type Step, StepBuilder, type Transitions } from '../channels/machine.ts';
import { type Credentials, NtlmClient, type NtlmClientOptions } from './ntlmClient.ts';
import type { NtlmSession } from './ntlmSession.ts';
import { CREDSSP_VERSION, HASHED_BINDING_VERSION, publicKeyBinding } from './publicKeyBinding.ts';

/** Options of {@link CredSspClient}. */
export interface CredSspClientOptions extends NtlmClientOptions {
  readonly credentials: Credentials;
  /** subjectPublicKey of the server's certificate, without the count of unused bits. */
  readonly serverPublicKey: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
}

/** What became of the client's proof. */
export type CredSspEvent =
  /** The server has proven that it holds the certificate's key, and has got the password: RDP goes on. */
  | { readonly type: 'authenticated' }
  /** The server refused. `status` is an NTSTATUS; undefined for a server before version 3, which closes instead. */
  | { readonly type: 'refused'; readonly status: number };

export type CredSspState = 'idle' | 'negotiating' | 'proving' | 'authenticated' | 'refused';
type Input = 'start' | 'challenge' | 'pubKeyAuth' | 'errorCode';

export const CREDSSP_TRANSITIONS: Transitions<CredSspState, Input> = {
  idle: { start: 'negotiating' },
  negotiating: { challenge: 'proving', errorCode: 'refused' },
  proving: { pubKeyAuth: 'authenticated', errorCode: 'refused' },
};

/** The client's half of CredSSP with NTLM, [MS-CSSP] 3.1.5: TSRequest in, TSRequest out. */
export class CredSspClient {
  readonly #options: CredSspClientOptions;
  readonly #ntlm: NtlmClient;
  #state: CredSspState = 'idle';
  #version = CREDSSP_VERSION;
  #session: NtlmSession | undefined;

  constructor(options: CredSspClientOptions) {
    this.#options = options;
    this.#ntlm = new NtlmClient(options.credentials, options);
  }

  get state(): CredSspState {
    return this.#state;
  }

  /** The first TSRequest. */
  start(): Step<CredSspEvent> {
    const step = new StepBuilder<CredSspEvent>();
    this.#advance('start', 'start');
    step.send(this.#request({ negoTokens: [this.#ntlm.negotiate] }));
    return step;
  }

  /**
   * Takes one TSRequest of the server.
   *
   * @throws DecodeError for what is none
   * @throws ProtocolError for a server that answers out of turn, or that cannot prove who it is
   */
  receive(bytes: Uint8Array): Step<CredSspEvent> {
    const request = TsRequest.decode(new Reader(bytes, TsRequest.name, TsRequest.spec, { lenient: true }));
    const step = new StepBuilder<CredSspEvent>();
    if (request.errorCode !== undefined && request.errorCode !== 0) {
      this.#advance('errorCode', 'TSRequest');
      step.emit({ type: 'refused', status: request.errorCode });
      return step;
    }
    this.#version = Math.min(CREDSSP_VERSION, request.version);
    if (this.#session === undefined) this.#prove(request, step);
    else this.#finish(request, this.#session, step);
    return step;
  }

  #prove({ negoTokens }: TsRequest, step: StepBuilder<CredSspEvent>): void {
    this.#advance('challenge', 'TSRequest');
    const token = negoTokens?.[0];
    if (token === undefined) throw this.#error('there is no token in it');
    const { message, session } = this.#ntlm.authenticate(token);
    this.#session = session;
    const { nonce } = this.#options;
    const hasNonce = this.#version >= HASHED_BINDING_VERSION;
    const pubKeyAuth = session.seal(hasNonce ? this.#binding('client') : this.#options.serverPublicKey);
    step.send(this.#request({ negoTokens: [message], pubKeyAuth, ...(hasNonce && { clientNonce: nonce }) }));
  }

  #finish({ pubKeyAuth }: TsRequest, session: NtlmSession, step: StepBuilder<CredSspEvent>): void {
    this.#advance('pubKeyAuth', 'TSRequest');
    const opened = pubKeyAuth === undefined ? undefined : session.open(pubKeyAuth);
    const expected = this.#version >= HASHED_BINDING_VERSION ? this.#binding('server') : this.#incrementedKey();
    if (opened === undefined || !isSameProof(opened, expected)) {
      this.#state = 'refused';
      throw this.#error('the server does not hold the key of its certificate: somebody is in between');
    }
    const { domainName, userName, password } = this.#options.credentials;
    const credentials = TsCredentials.encode({
      ...{ name: 'TSCredentials', credType: CredType.PASSWORD },
      ...{ domainName, userName, password },
    });
    step.send(this.#request({ authInfo: session.seal(joinParts(credentials)) }));
    step.emit({ type: 'authenticated' });
  }

  #request(content: Omit<TsRequest, 'name' | 'version'>): Parts {
    return TsRequest.encode({ name: 'TSRequest', version: this.#version, ...content });
  }

  #binding(from: 'client' | 'server'): Uint8Array {
    return publicKeyBinding(from, this.#options.nonce, this.#options.serverPublicKey);
  }

  /** What a server before version 5 answers: its key, the first byte one higher. */
  #incrementedKey(): Uint8Array {
    const key = new Uint8Array(this.#options.serverPublicKey);
    key[0] = (key[0] ?? 0) + 1;
    return key;
  }

  #advance(input: Input, messageName: string): void {
    const next = nextState(CREDSSP_TRANSITIONS, this.#state, input);
    if (next === undefined) {
      throw new ProtocolError(messageName, this.#state, 'it is not expected now', TsRequest.spec);
    }
    this.#state = next;
  }

  #error(problem: string): ProtocolError {
    return new ProtocolError('TSRequest', this.#state, problem, TsRequest.spec);
  }
}

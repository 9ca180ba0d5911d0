import type { SubProtocol } from '../../../transports/webSocket/subProtocols.ts';
import { type Connection, transportContract } from '../contract.ts';
import { connectThrough } from '../listening.ts';

function through(subProtocol: SubProtocol, options: { hold?: number } = {}): Promise<Connection> {
  const webSocket = { subProtocols: [subProtocol] };
  return connectThrough('ws://127.0.0.1:0/urbdrc', { ...options, webSocket }, () => ({ ...options, webSocket }));
}

describe('transports: WebSocket', () => {
  for (const subProtocol of ['urbdrc.v1', 'binary', 'base64'] as const) {
    describe(`contract with sub-protocol ${subProtocol}`, () =>
      transportContract(() => through(subProtocol), { canFail: false }));
  }
  describe('contract over TLS with a token', () =>
    transportContract(
      () =>
        connectThrough('wss://127.0.0.1:0', { token: 'secret' }, ({ certificateFingerprint: fingerprint = '' }) => ({
          fingerprint,
          token: 'secret',
        })),
      { canFail: false },
    ));
  describe('contract of a session that can be resumed', () =>
    transportContract(() => through('urbdrc.v1', { hold: 20 }), { canFail: false }));
});

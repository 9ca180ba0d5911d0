import { asError } from '../codecs/core/errors.ts';
import type { Transport } from '../src/ports/transport.ts';
import { plainError } from './transportError.ts';

/** What a listener tells its program. */
export interface ListenerCallbacks {
  readonly onConnection: (transport: Transport) => void;
  readonly onRefused: (error: Error, remote: string) => void;
}

/**
 * Gives the program what became of a peer. Undefined: it went on with a session that the program has. A callback that throws ends neither the process nor another connection: its
 * transport is closed, and `onRefused` is told.
 */
export async function handOver(
  accepted: Promise<Transport | undefined>,
  remote: string,
  { onConnection, onRefused }: ListenerCallbacks,
): Promise<void> {
  let refusal: Error;
  try {
    const transport = await accepted;
    try {
      if (transport !== undefined) onConnection(transport);
      return;
    } catch (error) {
      refusal = asError(error);
      void transport?.close();
    }
  } catch (error) {
    refusal = plainError(error, remote);
  }
  tellRefused(onRefused, refusal, remote);
}

/** Nobody is left to tell what this callback throws. */
export function tellRefused(onRefused: ListenerCallbacks['onRefused'], error: Error, remote: string): void {
  try {
    onRefused(error, remote);
  } catch {
    // See above.
  }
}

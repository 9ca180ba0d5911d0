import type { UsbOperation, UsbTransfer } from '../ports/usb.ts';
import type { ServerRequest } from '../urbdrc/session/server/requestTable.ts';
import type { HostIoControl, HostTransfer } from '../urbdrc/urb/hostUrbs.ts';
import type { Complete } from '../usb/results.ts';

/** An operation that a program of the server's submitted and that has not completed. */
export interface Submission extends UsbTransfer {
  readonly operation: UsbOperation;
  readonly complete: Complete;
  request: HostTransfer | HostIoControl | undefined;
  /** Milliseconds on the connection's clock; 0 while it waits to be sent. */
  sentAt: number;
  /** What the session has of it; undefined while it waits to be sent. */
  sent: ServerRequest<Submission> | undefined;
}

/**
 * A read lasts as long as it takes, but FreeRDP ends one without data after ten seconds (docs/interop.md): ask again.
 * Data comes for the oldest request of an endpoint, so the reads behind `ended` move up, and the last of them is to be
 * sent anew. Undefined where they are not alike; then the program has to see to it.
 *
 * @param pending what waits for an answer, oldest first, without `ended`
 */
export function readToSendAgain(
  ended: ServerRequest<Submission>,
  pending: Iterable<ServerRequest<Submission>>,
): Submission | undefined {
  const { operation } = ended.caller;
  if (operation.type !== 'transferIn' || ended.state === 'cancelled') return undefined;
  const behind: ServerRequest<Submission>[] = [];
  for (const each of pending) {
    const other = each.caller.operation;
    if (each.state === 'cancelled' || other.type !== 'transferIn') continue;
    if (other.endpointAddress !== operation.endpointAddress) continue;
    if (other.length !== operation.length) return undefined;
    behind.push(each);
  }
  let moving = ended.caller;
  for (const each of behind) {
    const next = each.caller;
    each.caller = moving;
    moving.sent = each;
    moving = next;
  }
  moving.sent = undefined;
  return moving;
}

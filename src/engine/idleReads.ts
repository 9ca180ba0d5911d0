import type { PendingOperation } from './pendingOperation.ts';

/**
 * A read lasts as long as it takes, but FreeRDP ends one without data after ten seconds (docs/interop.md): ask again.
 * Data comes for the oldest request of an endpoint, so the reads behind `ended` move up, and the last of them is to be
 * sent anew. Undefined where they are not alike; then the program has to see to it.
 *
 * @param sent what waits for an answer, by RequestId, oldest first, without `ended`
 */
export function readToSendAgain(
  ended: PendingOperation,
  sent: Map<number, PendingOperation>,
): PendingOperation | undefined {
  const { operation } = ended;
  if (operation.type !== 'transferIn' || ended.isCancelled) return undefined;
  const behind = [...sent.values()].filter(
    (each) =>
      !each.isCancelled &&
      each.operation.type === 'transferIn' &&
      each.operation.endpointAddress === operation.endpointAddress,
  );
  if (behind.some((each) => each.operation.type === 'transferIn' && each.operation.length !== operation.length)) {
    return undefined;
  }
  let moving = ended;
  for (const each of behind) {
    const { request, requestId } = each;
    if (requestId === undefined) continue;
    moving.request = request;
    moving.requestId = requestId;
    sent.set(requestId, moving);
    moving = each;
  }
  moving.requestId = undefined;
  return moving;
}

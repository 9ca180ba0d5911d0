/** Bytes before RequestId in completions: a header with FunctionId, [MS-RDPEUSB] 2.2.7. */
const REQUEST_ID_OFFSET = 12;
const MESSAGE_ID_OFFSET = 4;
/** The mask's two bits of the first word, [MS-RDPEUSB] 2.2.1. */
const MASK_BITS = 0xc000_0000;

/** A completion as the answer to another request, on another interface. */
export function withRequest(completion: Uint8Array, interfaceId: number, requestId: number): Uint8Array {
  // Not slice(): of a Buffer that is no copy.
  const copy = Uint8Array.from(completion);
  const view = new DataView(copy.buffer);
  view.setUint32(0, (view.getUint32(0, true) & MASK_BITS) | interfaceId, true);
  view.setUint32(REQUEST_ID_OFFSET, requestId, true);
  return copy;
}

/** A response to another message. */
export function withMessageId(response: Uint8Array, messageId: number): Uint8Array {
  const copy = Uint8Array.from(response);
  new DataView(copy.buffer).setUint32(MESSAGE_ID_OFFSET, messageId, true);
  return copy;
}

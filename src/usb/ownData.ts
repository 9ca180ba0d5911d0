/**
 * `operation` with a copy of its data, for whoever completes it before the data is used, or keeps it longer: the memory is its
 * submitter's again once it has completed.
 */
export function withOwnData<O extends { readonly data: Uint8Array }>(operation: O): O {
  // Not slice(): of a Buffer that is no copy.
  return { ...operation, data: new Uint8Array(operation.data) };
}

/**
 * The form in which serial numbers are compared: devices pad theirs with spaces or NULs, and Windows writes them in
 * capitals. It ends at the first NUL, without spaces around it, in lower case.
 */
export function normalSerialNumber(text: string): string {
  const [beforeNul = ''] = text.split('\0', 1);
  return beforeNul.trim().toLowerCase();
}

/** Whether both are one serial number. A blank one is none, and like no other. */
export function isSameSerialNumber(one: string | undefined, other: string | undefined): boolean {
  const [first, second] = [normalSerialNumber(one ?? ''), normalSerialNumber(other ?? '')];
  return first !== '' && first === second;
}

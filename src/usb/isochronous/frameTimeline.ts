/** How far from now a transfer may start, frames: what Windows allows (USBD_ISO_START_FRAME_RANGE). */
export const START_FRAME_RANGE = 1024;

/** The number of the frame at this time of the clock, milliseconds: its 32 low bits, one a millisecond. */
export function frameAt(time: number): number {
  return Math.floor(time) >>> 0;
}

/** When a frame begins, milliseconds of the clock. The frame number has 32 bits and may have wrapped in between. */
export function timeOfFrame(frame: number, now: number): number {
  const present = Math.floor(now);
  return present + ((frame - present) | 0);
}

/** Where a transfer is on the bus as the host counts its frames. */
export interface FramePlace {
  /** Begin of its first frame, milliseconds of the clock. */
  readonly start: number;
  /** The host left frames out before it, or it is the first one. */
  readonly isApart: boolean;
}

/**
 * The frames of one endpoint that a host has given to transfers, for a device whose platform starts each as soon as it can.
 * A frame that has passed is taken as long as it is within {@link START_FRAME_RANGE}: the request was on its way meanwhile,
 * and so were those before it.
 */
export class FrameTimeline {
  /** When the last transfer ends, ms of the clock. */
  #end: number | undefined;

  /**
   * Gives the next transfer its place; undefined: its frame is too far away, or the transfer before it still has it.
   * @param startFrame - undefined: after the transfer before it, or in the next frame
   * @param now - milliseconds of the clock
   * @param duration - milliseconds on the bus
   */
  place(startFrame: number | undefined, now: number, duration: number): FramePlace | undefined {
    const end = this.#end;
    const place = startFrame === undefined ? soonest(end, now) : placeAt(timeOfFrame(startFrame, now), end, now);
    if (place !== undefined) this.#end = place.start + duration;
    return place;
  }

  /** What comes next is the first one. */
  restart(): void {
    this.#end = undefined;
  }
}

function soonest(end: number | undefined, now: number): FramePlace {
  const next = Math.floor(now) + 1;
  // A host that waits for no answers is ahead of the bus; what it sends too much is dropped.
  const isAfterLast = end !== undefined && end >= next && end - now <= START_FRAME_RANGE;
  return { start: isAfterLast ? end : next, isApart: false };
}

function placeAt(start: number, end: number | undefined, now: number): FramePlace | undefined {
  if (Math.abs(start - Math.floor(now)) > START_FRAME_RANGE) return undefined;
  if (end === undefined) return { start, isApart: true };
  const free = Math.floor(end);
  return start < free ? undefined : { start, isApart: start > free };
}

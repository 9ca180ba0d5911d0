import type { Transitions } from '../channels/machine.ts';

/** Which end opens connections. */
export type ResumeRole = 'dialer' | 'listener';

/** State of a connection that may be resumed. */
export type ResumeState =
  /** Dialler: RESUME_HELLO is sent. Listener: the first frame has not come. */
  | 'opening'
  /** The other end does not resume: frames go through as they are. */
  | 'plain'
  /** Listener: RESUME_ACCEPT is sent. Before the dialler has acknowledged it, it would not come back after a cut. */
  | 'accepting'
  | 'live'
  /** The connection is cut; the session is held. */
  | 'interrupted'
  | 'over';

/** What moves it. `otherFrame` is one that is not about resuming. */
export type ResumeInput =
  | 'hello'
  | 'accept'
  | 'decline'
  | 'otherFrame'
  /** Dialler: it has sent more than it keeps for a listener that may not resume. */
  | 'tooLate'
  | 'ack'
  | 'ping'
  | 'notice'
  | 'request'
  | 'granted'
  | 'refused'
  | 'end'
  | 'close'
  | 'cut'
  | 'deadline';

/** The legal moves, docs/resume.md. A move that is not listed is a ProtocolError and ends the session. */
export const RESUME_TRANSITIONS: Readonly<Record<ResumeRole, Transitions<ResumeState, ResumeInput>>> = {
  dialer: {
    opening: { accept: 'live', tooLate: 'plain', close: 'over', cut: 'over' },
    // The listener hears of it only by RESUME_DECLINE.
    plain: { accept: 'plain', ack: 'plain', ping: 'plain', notice: 'plain', end: 'over', close: 'over', cut: 'over' },
    live: { ack: 'live', ping: 'live', notice: 'live', end: 'over', close: 'over', cut: 'interrupted' },
    interrupted: { granted: 'live', refused: 'over', close: 'over', deadline: 'over' },
  },
  listener: {
    opening: { hello: 'accepting', otherFrame: 'plain', tooLate: 'plain', close: 'over', cut: 'over' },
    plain: { close: 'over', cut: 'over' },
    accepting: { ack: 'live', decline: 'plain', end: 'over', close: 'over', cut: 'over' },
    live: {
      ack: 'live',
      ping: 'live',
      notice: 'live',
      request: 'live',
      end: 'over',
      close: 'over',
      cut: 'interrupted',
    },
    interrupted: { request: 'live', close: 'over', deadline: 'over' },
  },
};

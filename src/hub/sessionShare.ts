/** Who may be connected for one session at the same time; libvirt's words for `share=` of VNC, and their meaning. */
export const SHARE_MODES = ['allow-exclusive', 'force-shared', 'ignore'] as const;

/** One of {@link SHARE_MODES}. */
export type ShareMode = (typeof SHARE_MODES)[number];

/** What a new connection wants: to leave the others connected, or to be alone. */
export type SessionWish = 'shared' | 'exclusive';

/** Decision about a new connection. */
export type SessionAdmission<S> =
  /** With `exclusive` access the time of all others is over. */
  | { readonly type: 'admitted'; readonly access: SessionWish }
  /** `holder` is the one that is in the way; undefined where the mode is. */
  | { readonly type: 'refused'; readonly holder: S | undefined };

/**
 * Decides about a new connection as QEMU does for VNC. `present` are the connections of the same session, `mode` is that of
 * the listener to which the new one came.
 *
 * - `allow-exclusive`: an exclusive one drops all others, shared and exclusive alike; a shared one is refused while somebody
 *   is there exclusively.
 * - `force-shared`: an exclusive one is refused, also when nobody is there.
 * - `ignore`: all are let in, and nobody is alone.
 */
export function admitSession<S extends { readonly access: SessionWish }>(
  mode: ShareMode,
  wish: SessionWish,
  present: readonly S[],
): SessionAdmission<S> {
  switch (mode) {
    case 'allow-exclusive': {
      if (wish === 'exclusive') return { type: 'admitted', access: 'exclusive' };
      const holder = present.find(({ access }) => access === 'exclusive');
      if (holder !== undefined) return { type: 'refused', holder };
      return { type: 'admitted', access: 'shared' };
    }
    case 'force-shared':
      if (wish === 'exclusive') return { type: 'refused', holder: undefined };
      return { type: 'admitted', access: 'shared' };
    case 'ignore':
      return { type: 'admitted', access: 'shared' };
  }
}

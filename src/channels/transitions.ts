/** A state machine's legal moves: state, then input, then next state. A state that is left out has none. */
export type Transitions<State extends string, Input extends string> = Readonly<
  Partial<Record<State, Readonly<Partial<Record<Input, State>>>>>
>;

/** Where `input` leads from `state`; undefined where the table does not allow it. */
export function nextState<State extends string, Input extends string>(
  table: Transitions<State, Input>,
  state: State,
  input: Input,
): State | undefined {
  return table[state]?.[input];
}

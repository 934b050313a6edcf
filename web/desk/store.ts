// Holds the state and tells the page of each change.
import { EMPTY, reduce, type Event, type State } from './state';

type Watcher = (state: State, before: State, event: Event) => void;

export class Store {
  state: State = EMPTY;
  readonly #watchers = new Set<Watcher>();

  readonly tell = (event: Event): void => {
    const before = this.state;
    this.state = reduce(before, event, performance.now());
    if (this.state !== before) for (const watcher of this.#watchers) watcher(this.state, before, event);
  };

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

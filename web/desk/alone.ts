// One desk per browser: calls go to the page that registered last, so a second window would take them from the first.

const LOCK = 'hotline-desk';
let held = false;

/** Holds the desk until another window takes it. `taken` is told at once if one has it already. */
export function holdDesk(take: boolean, mine: () => void, taken: () => void): void {
  // Without https there are no locks, and no telephone either.
  if (held || !navigator.locks) return mine();
  navigator.locks
    .request(LOCK, take ? { steal: true } : { ifAvailable: true }, (lock) => {
      if (!lock) return taken();
      held = true;
      mine();
      return new Promise<void>(() => {}); // for as long as the page lives
    })
    .catch(() => {
      held = false;
      taken();
    });
}

import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon';

export interface Item { name: string; do: () => void }

/** A button with acts behind it; Escape and a click elsewhere close it. */
export function Menu({ label, items }: { label: string; items: (Item | false | undefined | null)[] }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      if (menu.current?.open && (!(event.target instanceof Node) || !menu.current.contains(event.target))) menu.current.open = false;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('focusin', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('focusin', close);
    };
  }, []);
  const all = items.filter((item): item is Item => Boolean(item));
  if (all.length === 0) return null;
  /** Tables scroll, and would cut the list off: it is laid over the page, beside its button. */
  const place = (): void => {
    const { current } = menu;
    const list = current?.querySelector<HTMLElement>('.list');
    if (!current?.open || !list) return;
    const box = current.getBoundingClientRect();
    const below = box.bottom + 4 + list.offsetHeight < innerHeight;
    list.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - 4 - list.offsetHeight)}px`;
    list.style.left = `${Math.max(8, box.right - list.offsetWidth)}px`;
    list.querySelector('button')?.focus();
  };
  const step = (event: KeyboardEvent): void => {
    const { current } = menu;
    if (!current?.open) return;
    if (event.key === 'Escape') {
      current.open = false;
      current.querySelector('summary')?.focus();
    }
    const buttons = [...current.querySelectorAll('button')];
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  };
  return (
    <details class="menu" ref={menu} onToggle={place} onKeyDown={step}>
      <summary aria-label={label} title={label}><Icon name="dots" size={16} /></summary>
      <div class="card list">
        {all.map((item) => (
          <button type="button" key={item.name} onClick={() => { if (menu.current) menu.current.open = false; item.do(); }}>{item.name}</button>
        ))}
      </div>
    </details>
  );
}

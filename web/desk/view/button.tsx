import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

interface Props {
  children: ComponentChildren;
  onPress: () => void;
  icon?: IconName;
  /** The key that does the same. */
  keys?: string;
  look?: 'main' | 'good' | 'bad' | 'quiet' | 'tool';
  pressed?: boolean;
  disabled?: boolean;
  expanded?: boolean;
}

export function Button({ children, onPress, icon, keys, look = 'quiet', pressed, disabled, expanded }: Props) {
  return (
    <button type="button" class={`button ${look}`} onClick={onPress} disabled={disabled} aria-pressed={pressed}
      aria-expanded={expanded} aria-keyshortcuts={keys}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}

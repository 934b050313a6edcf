import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

interface Props {
  children: ComponentChildren;
  onPress: () => void;
  icon?: IconName;
  /** The key that does the same. */
  keys?: string;
  look?: 'main' | 'good' | 'bad' | 'quiet' | 'tool';
  /** What it does is done, and its words say how to undo it. */
  on?: boolean;
  disabled?: boolean;
  expanded?: boolean;
  /** What it does, where its words are short. */
  title?: string;
}

export function Button({ children, onPress, icon, keys, look = 'quiet', on, disabled, expanded, title }: Props) {
  return (
    <button type="button" class={`button ${look} ${on ? 'on' : ''}`} onClick={onPress} disabled={disabled}
      aria-expanded={expanded} aria-keyshortcuts={keys} title={title}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}

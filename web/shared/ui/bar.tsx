import type { ComponentChildren } from 'preact';
import type { Person, Role } from '../api';
import type { Language, Look, Theme } from '../look';
import { COMMON, useCommon } from '../words';
import { Button } from './button';
import { Icon, type IconName } from './icon';

export type PageName = 'desk' | 'board' | 'calls' | 'tickets' | 'admin';

/** Pages by role, the first one is one's own. */
export const PAGES: Record<Role, PageName[]> = {
  operator: ['desk', 'board', 'tickets'],
  viewer: ['board'],
  supervisor: ['board', 'calls', 'tickets'],
  admin: ['board', 'calls', 'tickets', 'admin'],
  api: ['board'],
};
const ICONS: Record<PageName, IconName> = { desk: 'headset', board: 'chart', calls: 'answer', tickets: 'ticket', admin: 'gear' };

interface Props {
  here: PageName | null;
  person: Person | null;
  name?: string | undefined;
  look: Look;
  onLook: (change: Partial<Look>) => void;
  onSignOut: () => void;
  children?: ComponentChildren;
  tools?: ComponentChildren;
}

/** The same on every page: where one is, who one is, how the pages look. */
export function Bar({ here, person, name, look, onLook, onSignOut, children, tools }: Props) {
  const words = useCommon();
  const pages = person ? PAGES[person.role] : [];
  return (
    <header class="bar">
      <img src="/icon.svg" alt="" width="26" height="26" />
      <h1 class="brand">Hotline{here && <span class="unseen"> · {words.pages[here]}</span>}</h1>
      {pages.length > 1 && (
        <nav aria-label="Hotline">
          {pages.map((page) => (
            <a key={page} href={`/${page}`} aria-current={page === here ? 'page' : undefined}>
              <Icon name={ICONS[page]} size={16} /><span>{words.pages[page]}</span>
            </a>
          ))}
        </nav>
      )}
      {children}
      <span class="gap" />
      {tools}
      {person && <p class="person" title={words.roles[person.role]}>{name || person.user}</p>}
      <label class="pick">
        <span class="unseen">{words.theme}</span>
        <select value={look.theme} onChange={(event) => onLook({ theme: event.currentTarget.value as Theme })}>
          <option value="auto">{words.themeAuto}</option>
          <option value="light">{words.themeLight}</option>
          <option value="dark">{words.themeDark}</option>
        </select>
      </label>
      <div class="languages" role="group" aria-label={words.language}>
        {(Object.keys(COMMON) as Language[]).map((language) => (
          <button type="button" key={language} lang={language} aria-pressed={look.language === language}
            onClick={() => onLook({ language })}>
            {language.toUpperCase()}<span class="unseen"> {language === 'ru' ? 'Русский' : 'English'}</span>
          </button>
        ))}
      </div>
      {person && <Button onPress={onSignOut}>{words.signOut}</Button>}
    </header>
  );
}

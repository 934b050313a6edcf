import type { Desk } from '../desk';
import type { Theme } from '../kept';
import type { State } from '../state';
import { WORDS, type Language } from '../words';
import { Button } from './button';
import { useWords } from './words';

export function Bar({ desk, state, onHelp }: { desk: Desk; state: State; onHelp: () => void }) {
  const words = useWords();
  const { person, line, operator } = state;
  return (
    <header class="bar">
      <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="26" height="26" />
      <h1>Hotline</h1>
      {state.screen === 'desk' && <p class={`line ${line}`} role="status"><i aria-hidden="true" />{words.lines[line]}</p>}
      <span class="gap" />
      {person && <p class="person">{operator?.name || person.user}</p>}
      <label class="pick">
        <span class="unseen">{words.theme}</span>
        <select value={desk.kept.theme} onChange={(event) => desk.change({ theme: event.currentTarget.value as Theme })}>
          <option value="auto">{words.themeAuto}</option>
          <option value="light">{words.themeLight}</option>
          <option value="dark">{words.themeDark}</option>
        </select>
      </label>
      <div class="languages" role="group" aria-label={words.language}>
        {(Object.keys(WORDS) as Language[]).map((language) => (
          <button type="button" key={language} lang={language} aria-pressed={desk.kept.language === language}
            aria-label={language === 'ru' ? 'Русский' : 'English'} onClick={() => desk.change({ language })}>
            {language.toUpperCase()}
          </button>
        ))}
      </div>
      {state.screen === 'desk' && <Button onPress={onHelp} keys="?">{words.keys}</Button>}
      {person && <Button onPress={() => void desk.signOut()}>{words.signOut}</Button>}
    </header>
  );
}

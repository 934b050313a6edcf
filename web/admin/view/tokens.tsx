import { useState } from 'preact/hooks';
import { ask, route } from '../../shared/api';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act } from '../../shared/ui/dialog';
import { Show, useLoad } from '../../shared/ui/load';
import { listed } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import { Secret } from './secret';

interface Token { id: string | number; name?: string | null; role: string; scopes?: string[] | null; created_at?: string | null; last_used_at?: string | null }
const ROLES = ['api', 'viewer', 'supervisor', 'admin'];

/** Programs that ask the API: each with its own token, which is shown once. */
export function Tokens() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const tokens = useLoad<unknown>('tokens');
  const [act, setAct] = useState<'add' | Token | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const rows = tokens.data ? listed<Token>('tokens')(tokens.data as never) : [];
  const add = async (f: Record<string, string>): Promise<void> => {
    const scopes = (f['scopes'] ?? '').split(/[\s,]+/).filter(Boolean);
    const { token } = await ask<{ token: string }>('POST', 'tokens', { name: f['name'], role: f['role'], ...(scopes.length ? { scopes } : {}) });
    setMade(token);
    tokens.again();
  };
  return (
    <section class="card section">
      <h2 id="tokens-title">{words.tokens}<span class="gap" /><Button onPress={() => setAct('add')}>{words.addToken}</Button></h2>
      <Show of={tokens} empty={() => rows.length === 0}>{() => (
        <Table label="tokens-title" rows={rows} id={(token) => token.id} columns={[
          { name: words.tokenName, cell: (token) => token.name ?? token.id }, { name: words.role, cell: (token) => <span class="chip">{common.roles[token.role] ?? token.role}</span> },
          { name: words.scopes, wide: true, cell: (token) => token.scopes?.join(' ') || common.all },
          { name: words.created, cell: (token) => moment(token.created_at, language) }, { name: words.used, cell: (token) => moment(token.last_used_at, language) },
          { name: words.acts, unseen: true, number: true, cell: (token) => <Button onPress={() => setAct(token)}>{words.revoke}</Button> },
        ]} />
      )}</Show>
      {act === 'add' && (
        <Act title={words.addToken.replace('…', '')} does={words.add} reason={false} act={add} onClose={() => setAct(null)}>
          <label class="field"><span>{words.tokenName}</span><input name="name" required autocomplete="off" /></label>
          <label class="field"><span>{words.role}</span><select name="role">{ROLES.map((is) => <option key={is} value={is}>{common.roles[is]}</option>)}</select></label>
          <label class="field"><span>{words.scopes}</span><input name="scopes" autocomplete="off" /><small>{words.scopesWhy}</small></label>
        </Act>
      )}
      {act && act !== 'add' && (
        <Act title={`${words.revoke.replace('…', '')}: ${act.name ?? act.id}`} does={words.revokeDo} bad reason={false} onClose={() => setAct(null)}
          act={() => ask('DELETE', route`tokens/${act.id}`).then(tokens.again)} />
      )}
      {made && <Secret title={words.tokenMade} secret={made} onClose={() => setMade(null)} />}
    </section>
  );
}

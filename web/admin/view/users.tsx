import { useState } from 'preact/hooks';
import { ask, route } from '../../shared/api';
import { moment } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Act } from '../../shared/ui/dialog';
import { Show, useLoad } from '../../shared/ui/load';
import { Menu } from '../../shared/ui/menu';
import { listed } from '../../shared/ui/pages';
import { Table } from '../../shared/ui/table';
import { useCommon, useLanguage } from '../../shared/words';
import { useWords } from '../words';
import { Secret } from './secret';

interface User { name: string; role: string; must_change: boolean; locked_until?: string | null; created_at: string }
type Deed = { does: 'add' } | { does: 'role' | 'password' | 'unlock' | 'delete'; user: User };
const ROLES = ['viewer', 'operator', 'supervisor', 'admin'];

export function Users() {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const users = useLoad<unknown>('users');
  const [deed, setDeed] = useState<Deed | null>(null);
  const [made, setMade] = useState<string | null>(null);
  const rows = users.data ? listed<User>('users')(users.data as never) : [];
  const done = (answer: unknown): void => {
    users.again();
    const password = (answer as { password?: string } | null)?.password;
    if (password) setMade(password);
  };
  const role = (chosen?: string) => (
    <label class="field"><span>{words.role}</span>
      <select name="role">{ROLES.map((is) => <option key={is} value={is} selected={is === chosen}>{common.roles[is]}</option>)}</select>
    </label>
  );
  const password = <label class="field"><span>{words.passwordField}</span><input name="password" type="password" autocomplete="new-password" minLength={8} /><small>{words.passwordEmpty}</small></label>;
  return (
    <section class="card section">
      <h2 id="users-title">{words.sections['users']}<span class="gap" /><Button onPress={() => setDeed({ does: 'add' })}>{words.addUser}</Button></h2>
      <Show of={users} empty={() => rows.length === 0}>{() => (
        <Table label="users-title" rows={rows} id={(user) => user.name} columns={[
          { name: words.user, cell: (user) => user.name }, { name: words.role, cell: (user) => <span class="chip">{common.roles[user.role] ?? user.role}</span> },
          { name: words.created, cell: (user) => moment(user.created_at, language) }, { name: words.state, cell: (user) => (user.locked_until ? <span class="chip over">{words.locked}</span> : user.must_change ? <span class="chip near">{words.mustChange}</span> : null) },
          { name: words.acts, unseen: true, number: true, cell: (user) => (
            <Menu label={`${words.acts}: ${user.name}`} items={[
              { name: words.changeRole, do: () => setDeed({ does: 'role', user }) }, { name: words.newPassword, do: () => setDeed({ does: 'password', user }) },
              Boolean(user.locked_until) && { name: words.unlock, do: () => setDeed({ does: 'unlock', user }) },
              { name: words.deleteUser, do: () => setDeed({ does: 'delete', user }) },
            ]} />
          ) },
        ]} />
      )}</Show>
      {deed?.does === 'add' && (
        <Act title={words.addUser.replace('…', '')} does={words.add} reason={false} onClose={() => setDeed(null)}
          act={(f) => ask('POST', 'users', { name: f['name'], role: f['role'], ...(f['password'] ? { password: f['password'] } : {}) }).then(done)}>
          <label class="field"><span>{words.user}</span><input name="name" required autocomplete="off" /></label>{role('operator')}{password}
        </Act>
      )}
      {deed?.does === 'role' && (
        <Act title={`${words.changeRole.replace('…', '')}: ${deed.user.name}`} does={common.save} reason={false} onClose={() => setDeed(null)}
          act={(f) => ask('PUT', route`users/${deed.user.name}`, { role: f['role'] }).then(done)}>{role(deed.user.role)}</Act>
      )}
      {deed?.does === 'password' && (
        <Act title={`${words.newPassword.replace('…', '')}: ${deed.user.name}`} why={words.newPasswordWhy} does={common.save} reason={false} onClose={() => setDeed(null)}
          act={() => ask('PUT', route`users/${deed.user.name}`, { reset_password: true }).then(done)} />
      )}
      {deed?.does === 'unlock' && (
        <Act title={`${words.unlock}: ${deed.user.name}`} does={words.unlock} reason={false} onClose={() => setDeed(null)}
          act={() => ask('PUT', route`users/${deed.user.name}`, { unlock: true }).then(done)} />
      )}
      {deed?.does === 'delete' && (
        <Act title={`${words.deleteUser.replace('…', '')}: ${deed.user.name}`} why={words.deleteWhy(deed.user.name)} does={common.remove} bad reason={false} onClose={() => setDeed(null)}
          act={() => ask('DELETE', route`users/${deed.user.name}`).then(done)} />
      )}
      {made && <Secret title={words.passwordMade} why={words.passwordMadeWhy} secret={made} onClose={() => setMade(null)} />}
    </section>
  );
}

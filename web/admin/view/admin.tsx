import type { ComponentType } from 'preact';
import { stay, useAddress } from '../../shared/address';
import type { ViewProps } from '../../shared/page';
import { useWords } from '../words';
import { Audit } from './audit';
import { Config } from './config';
import { Flow } from './flow';
import { Flows } from './flows';
import { Prompts } from './prompts';
import { Rules } from './rules';
import { Subscribers } from './subscribers';
import { Tokens } from './tokens';
import { Users } from './users';
import { Webhooks } from './webhooks';

const SECTIONS: Record<string, ComponentType> = {
  flows: Flows, prompts: Prompts, users: Users, tokens: Tokens, subscribers: Subscribers, rules: Rules, webhooks: Webhooks, config: Config, audit: Audit,
};

export function Admin(_: ViewProps) {
  const words = useWords();
  const [section = 'flows', name] = useAddress();
  const Section = SECTIONS[section] ?? Flows;
  return (
    <div class="admin">
      <nav class="sections" aria-label={words.title}>
        {Object.keys(SECTIONS).map((is) => <a key={is} href={`/admin/${is}`} aria-current={is === section ? 'page' : undefined} onClick={stay}>{words.sections[is]}</a>)}
      </nav>
      <main id="main" class="sheet" tabIndex={-1}>{section === 'flows' && name ? <Flow name={name} /> : <Section />}</main>
    </div>
  );
}

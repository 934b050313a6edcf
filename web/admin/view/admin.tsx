import type { ComponentType } from 'preact';
import { stay, useAddress } from '../../shared/address';
import type { ViewProps } from '../../shared/page';
import { useOffers } from '../../shared/ui/offers';
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

const ROUTES = Object.keys(SECTIONS).map((section) => `GET ${section === 'rules' ? 'caller-rules' : section}`);

export function Admin(_: ViewProps) {
  const words = useWords();
  const offers = useOffers(ROUTES);
  const [section = 'flows', name] = useAddress();
  const Section = SECTIONS[section] ?? Flows;
  return (
    <div class="admin">
      <nav class="sections" aria-label={words.title}>
        {Object.keys(SECTIONS).filter((_, at) => offers.has(ROUTES[at] ?? '')).map((is) => <a key={is} href={`/admin/${is}`} aria-current={is === section ? 'page' : undefined} onClick={stay}>{words.sections[is]}</a>)}
      </nav>
      <main id="main" class="sheet" tabIndex={-1}>{section === 'flows' && name ? <Flow name={name} /> : <Section />}</main>
    </div>
  );
}

import type { QueueView } from '../../shared/api';
import { share } from '../../shared/format';
import { Button } from '../../shared/ui/button';
import { Dialog } from '../../shared/ui/dialog';
import { useCommon, useLanguage } from '../../shared/words';
import type { QueueLine } from '../today';
import { useWords } from '../words';

/** How the service level is counted, with this queue's own figures, and the two other formulas that people mean by it. */
export function Formula({ queue, today, onClose }: { queue: QueueView; today: QueueLine | undefined; onClose: () => void }) {
  const [words, common, language] = [useWords(), useCommon(), useLanguage()];
  const { counts } = queue;
  return (
    <Dialog title={words.formula} onClose={onClose}>
      <div class="formula">
        <p><b>{words.formulaIs}</b></p>
        <p class="muted">{words.formulaWhy}</p>
        <p class="muted">{words.formulaP10}</p>
        <h3 class="caption">{words.formulaNumbers(queue.name)}</h3>
        <dl class="sums">
          <div><dt>{words.offered}</dt><dd>{counts.offered}</dd></div>
          <div><dt>{words.answered}</dt><dd>{counts.answered}</dd></div>
          <div><dt>{words.inTarget}</dt><dd>{counts.within_target}</dd></div>
          <div><dt>{words.abandoned}</dt><dd>{counts.abandoned}</dd></div>
          <div class="sum"><dt>{words.level}</dt><dd>{share(queue.service_level, language)}</dd></div>
          <div class="sum"><dt>{words.p10Short}</dt><dd>{share(queue.p10, language)}</dd></div>
        </dl>
        {today && (
          <>
            <h3 class="caption">{words.others}</h3>
            <dl class="sums">
              <div><dt>{words.ofAnswered}</dt><dd>{share(today.answered_within_target_of_answered, language)}</dd></div>
              <div><dt>{words.withAbandons}</dt><dd>{share(today.service_level_with_abandons, language)}</dd></div>
            </dl>
          </>
        )}
        <p class="row end"><Button look="main" onPress={onClose}>{common.close}</Button></p>
      </div>
    </Dialog>
  );
}

import { Button } from '../../shared/ui/button';
import { Dialog } from '../../shared/ui/dialog';
import { useCommon } from '../../shared/words';

/** Something that is shown once and cannot be read again. */
export function Secret({ title, why, secret, onClose }: { title: string; why?: string; secret: string; onClose: () => void }) {
  const words = useCommon();
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="secret"><b>{secret}</b></p>
      {why && <p class="muted empty">{why}</p>}
      <p class="row end"><Button look="main" onPress={onClose}>{words.close}</Button></p>
    </Dialog>
  );
}

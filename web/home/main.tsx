// The address without a page: whoever is signed in goes to the page of his role, others sign in first.
import { useEffect } from 'preact/hooks';
import { startPage, type ViewProps } from '../shared/page';
import { PAGES } from '../shared/ui/bar';
import { useCommon } from '../shared/words';

function Home({ person }: ViewProps) {
  const words = useCommon();
  const mine = `/${PAGES[person.role][0]}`;
  useEffect(() => location.replace(mine), [mine]);
  return <main id="main" class="alone"><p role="status">{words.loading}</p></main>;
}

startPage({
  name: null, title: { en: 'Sign in', ru: 'Вход' }, roles: ['viewer', 'operator', 'supervisor', 'admin', 'api'], view: Home,
});

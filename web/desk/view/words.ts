import { useWordsOf } from '../../shared/words';
import { WORDS, type Words } from '../words';

export const useWords = (): Words => useWordsOf(WORDS);

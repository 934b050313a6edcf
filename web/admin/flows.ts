// What the engine tells of its flows, and a unified diff as lines with their kind. Pure.

export interface Finding { code: string; severity: string; file: string; line: number; column: number; message: string; fix: string; excerpt?: string | null }
export interface FlowRow { name: string; file: string; number: string | null; steps: number; worst_case: { seconds: number; keys: number } | null }
export interface Version { hash: string; loaded_at: string; by: string; flows_changed: string[] }
export interface FlowList { current: string; loaded_at: string; failed: { at: string; findings: Finding[] } | null; flows: FlowRow[]; versions: Version[] }

export type Line = { kind: 'plus' | 'minus' | 'place' | 'same'; text: string };

export function lines(diff: string): Line[] {
  return diff.split('\n').filter((text) => !/^(---|\+\+\+) /.test(text)).map((text) => ({
    kind: text.startsWith('@@') ? 'place' : text.startsWith('+') ? 'plus' : text.startsWith('-') ? 'minus' : 'same', text,
  }));
}

/** Nine signs tell versions apart, as people read them. */
export const short = (hash: string): string => hash.slice(0, 9);

//! A scan of the raw text for four traps whose parser messages mislead: tabs as indentation, unquoted `*` and `#`
//! as keys, and unquoted `{{`.
use super::super::finding::{Finding, Span};
use std::path::Path;

/// All traps of a file. Quoted texts, comments and block texts (`|`, `>`) are left alone.
pub fn scan(file: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut block: Option<usize> = None; // indentation of the line that opened a block text
    let mut quote: Option<char> = None; // a quoted text that goes on over lines
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(opened_at) = block {
            if line.trim().is_empty() || indent > opened_at {
                continue;
            }
            block = None;
        }
        let mut found = |column: usize, code, message: &str, help: &str| {
            let at = Span {
                line: number as u32 + 1,
                column: column as u32 + 1,
                len: if code == "HF005" { 2 } else { 1 },
            };
            findings.push(Finding::error(code, file, at, message, help).with_excerpt(text));
        };
        let chars: Vec<char> = line.chars().collect();
        if quote.is_none()
            && chars.len() > indent
            && chars[indent] != '#'
            && let Some(tab) = chars[..indent].iter().position(|c| *c == '\t')
        {
            found(
                tab,
                "HF002",
                "the line is indented with a tab; expected spaces",
                "use two spaces per level",
            );
        }
        let mut last = None; // last character that is no space, outside quotes
        let mut at = 0;
        while let Some(c) = chars.get(at).copied() {
            if let Some(open) = quote {
                match c {
                    '\\' if open == '"' => at += 1,
                    '\'' if open == '\'' && chars.get(at + 1) == Some(&'\'') => at += 1,
                    _ if c == open => {
                        quote = None;
                        last = Some(c);
                    }
                    _ => {}
                }
                at += 1;
                continue;
            }
            let begins_value = matches!(last, None | Some(':' | ',' | '[' | '{' | '-'));
            let begins_key = matches!(last, None | Some(',' | '{' | '-' | '?'));
            let colon_follows = chars[at + 1..].iter().find(|c| **c != ' ') == Some(&':');
            match c {
                '"' | '\'' if begins_value => quote = Some(c),
                '#' if begins_key && colon_follows => {
                    let message = "`#` without quotes begins a comment: the rest of the line is not read";
                    found(at, "HF003", message, "for the telephone's key write `hash`, or quote it: \"#\"");
                    break;
                }
                // `key: # a comment` is usual; a comment that begins with what follows a value is none.
                '#' if last == Some(':') && matches!(next_char(&chars[at + 1..]), Some(',' | '}' | ']')) => {
                    let message = "`#` without quotes begins a comment: the rest of the line is not read";
                    found(at, "HF003", message, "for the telephone's key write `hash`, or quote it: \"#\"");
                    break;
                }
                '#' if at == 0 || matches!(chars[at - 1], ' ' | '\t') => break,
                '*' if begins_value
                    && !chars.get(at + 1).is_some_and(|c| c.is_alphanumeric() || *c == '_') =>
                {
                    let message = "`*` without quotes refers to a YAML anchor";
                    found(at, "HF003", message, "for the telephone's key write `star`, or quote it: \"*\"");
                    break;
                }
                '{' if begins_value && chars.get(at + 1) == Some(&'{') => {
                    let message = "`{{` without quotes begins a nested mapping, not a template";
                    found(at, "HF005", message, "put the whole value in double quotes: \"… {{ vars.x }} …\"");
                    break;
                }
                _ => {}
            }
            if c != ' ' {
                last = Some(c);
            }
            at += 1;
        }
        if quote.is_none() && opens_block(line) {
            block = Some(indent);
        }
    }
    findings
}

fn next_char(chars: &[char]) -> Option<char> {
    chars.iter().copied().find(|c| *c != ' ')
}

/// Whether a line ends in `|`, `>`, `|-`, `>+2` and the like, after `:` or `-`.
fn opens_block(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or("").trim_end();
    let Some(word) = line.rsplit(' ').next() else { return false };
    let mut chars = word.chars();
    matches!(chars.next(), Some('|' | '>'))
        && chars.all(|c| matches!(c, '-' | '+') || c.is_ascii_digit())
        && line[..line.len() - word.len()].trim_end().ends_with([':', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(u32, u32, &'static str)> {
        scan(Path::new("t.yaml"), text).iter().map(|f| (f.line, f.column, f.code)).collect()
    }

    #[test]
    fn traps_are_found_where_they_stand() {
        assert_eq!(codes("a:\n\tb: 1\n"), [(2, 1, "HF002")]);
        assert_eq!(codes("keys: {\"1\": a, *: b}\n"), [(1, 16, "HF003")]);
        assert_eq!(codes("keys:\n  *: b\n"), [(2, 3, "HF003")]);
        assert_eq!(codes("keys: {\"1\": a, #: b}\n"), [(1, 16, "HF003")]);
        assert_eq!(codes("keys:\n  #: b\n"), [(2, 3, "HF003")]);
        assert_eq!(codes("a: {end: #, b: c}\n"), [(1, 10, "HF003")]);
        assert_eq!(codes("get: {{ vars.url }}\n"), [(1, 6, "HF005")]);
        assert_eq!(codes("to: [{{ vars.url }}]\n"), [(1, 6, "HF005")]);
    }

    #[test]
    fn what_only_looks_like_a_trap_is_left_alone() {
        for text in [
            "# a comment: with * and {{\n",
            "a: \"{{ x }} * # \"\n",
            "a: 'it''s {{ x }}'\n",
            "a: |\n  \tindented\n  {{ x }}\n  *: y\nb: 1\n",
            "a: text with {{ x }} inside\n",
            "a: &anchor [b]\nc: *anchor\n",
            "a: vars.x * 2\n",
            "a: b # {{ comment\n",
            "a: 2 ** 3\n",
            "a: {b: c} #: odd\n",
        ] {
            assert_eq!(codes(text), [], "{text}");
        }
    }
}

//! What changed between two texts, as a unified diff: the form that `patch`, reviewers and pages read.
use std::fmt::Write as _;

/// Lines around a change.
const CONTEXT: usize = 3;
/// Lines compared one by one; beyond them, between the equal head and tail, all is shown as replaced. Flow files have
/// some hundred.
const LINES_MAX: usize = 4_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// Empty when the texts are the same.
pub fn unified(from: (&str, &str), to: (&str, &str)) -> String {
    let lines = lines(from.1, to.1);
    let mut out = String::new();
    let mut at = 0;
    // Places in the old and the new text, from 1.
    let (mut old, mut new) = (1, 1);
    while let Some(change) = (at..lines.len()).find(|i| !matches!(lines[*i], Line::Same(_))) {
        let start = change.saturating_sub(CONTEXT).max(at);
        let skipped = start - at;
        (old, new) = (old + skipped, new + skipped);
        // A hunk goes on while the next change is near enough to share its context.
        let mut last = change;
        while let Some(next) =
            (last + 1..lines.len().min(last + 2 + 2 * CONTEXT)).rfind(|i| !matches!(lines[*i], Line::Same(_)))
        {
            last = next;
        }
        let end = (last + 1 + CONTEXT).min(lines.len());
        let hunk = &lines[start..end];
        let gone = hunk.iter().filter(|line| !matches!(line, Line::New(_))).count();
        let come = hunk.iter().filter(|line| !matches!(line, Line::Gone(_))).count();
        if out.is_empty() {
            let _ = writeln!(out, "--- {}\n+++ {}", from.0, to.0);
        }
        // A side without lines is named by the line before it (POSIX diff -u).
        let place = |first: usize, count: usize| match count {
            0 => format!("{},0", first - 1),
            1 => first.to_string(),
            _ => format!("{first},{count}"),
        };
        let _ = writeln!(out, "@@ -{} +{} @@", place(old, gone), place(new, come));
        for line in hunk {
            let _ = match line {
                Line::Same(text) => writeln!(out, " {text}"),
                Line::Gone(text) => writeln!(out, "-{text}"),
                Line::New(text) => writeln!(out, "+{text}"),
            };
        }
        (old, new, at) = (old + gone, new + come, end);
    }
    out
}

/// The longest common subsequence, by the table: files are small, and it is asked for by a person.
fn lines<'a>(from: &'a str, to: &'a str) -> Vec<Line<'a>> {
    let (a, b): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (middle_a, middle_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let mut lines: Vec<Line> = a[..head].iter().map(|line| Line::Same(line)).collect();
    if middle_a.len().max(middle_b.len()) > LINES_MAX {
        lines.extend(middle_a.iter().map(|line| Line::Gone(line)));
        lines.extend(middle_b.iter().map(|line| Line::New(line)));
    } else {
        lines.extend(middle(middle_a, middle_b));
    }
    lines.extend(a[a.len() - tail..].iter().map(|line| Line::Same(line)));
    lines
}

fn middle<'a>(a: &[&'a str], b: &[&'a str]) -> Vec<Line<'a>> {
    let width = b.len() + 1;
    // common[i][j]: the longest common subsequence of a[i..] and b[j..].
    let mut common = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = match a[i] == b[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(a.len() + b.len());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push(Line::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            lines.push(Line::Gone(a[i]));
            i += 1;
        } else {
            lines.push(Line::New(b[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(from: &str, to: &str) -> String {
        unified(("a", from), ("b", to))
    }

    #[test]
    fn texts_that_are_the_same_have_no_difference() {
        assert_eq!(diff("one\ntwo\n", "one\ntwo\n"), "");
    }

    #[test]
    fn a_changed_line_stands_between_three_of_context() {
        let from = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let expected = "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(diff(from, &from.replace('5', "five")), expected);
    }

    #[test]
    fn changes_far_apart_are_two_hunks_and_near_ones_are_one() {
        let from: String = (1..=30).map(|n| format!("{n}\n")).collect();
        let far = from.replace("2\n3\n", "2\nthree\n").replace("29\n", "twenty-nine\n");
        assert_eq!(diff(&from, &far).matches("@@ -").count(), 2, "{}", diff(&from, &far));
        let near = from.replacen("10\n", "ten\n", 1).replacen("14\n", "fourteen\n", 1);
        assert_eq!(diff(&from, &near).matches("@@ -").count(), 1, "{}", diff(&from, &near));
    }

    #[test]
    fn a_text_that_was_not_there_is_new_throughout() {
        assert_eq!(diff("", "1\n2\n"), "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+1\n+2\n");
        assert_eq!(diff("1\n", ""), "--- a\n+++ b\n@@ -1 +0,0 @@\n-1\n");
    }
}

//! Diagnostics as text: in flows a [`Diagnostic`], out flows what a terminal or a build log shows.
//!
//! Only the source text around the places is printed, never a named value's.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity, SourceFile};

/// Lines longer than this are cut before they are laid out.
const MAX_LINE: usize = 2_000;
/// What is kept of a cut line before and behind the place.
const AROUND: usize = 100;
/// Places further apart than this get an excerpt each.
const MAX_LINES: usize = 40;

/// The diagnostic as compilers print theirs: message, excerpt with line numbers, labels, help. No trailing newline.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = printable(&diagnostic.message);
    let mut group = level
        .primary_title(message)
        .id(diagnostic.code)
        .elements(std::iter::empty::<
            Snippet<'_, annotate_snippets::Annotation<'_>>,
        >());
    let mut rest: Vec<&Label> = diagnostic.related.iter().collect();
    if let Some(place) = &diagnostic.place {
        let lines = line_range(place);
        let mut shown = vec![(place, AnnotationKind::Primary, place.message.as_str())];
        rest.retain(|label| {
            let near = Arc::ptr_eq(&label.file, &place.file)
                && line_range(label).start.abs_diff(lines.start) < MAX_LINES;
            if near {
                shown.push((label, AnnotationKind::Context, label.message.as_str()));
            }
            !near
        });
        group = excerpt(group, &shown);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let mut report: Vec<Group<'_>> = vec![group];
    for label in rest {
        let title = if label.message.is_empty() {
            "see also".to_owned()
        } else {
            printable(&label.message)
        };
        let group = Group::with_title(Level::NOTE.secondary_title(title));
        report.push(excerpt(group, &[(label, AnnotationKind::Primary, "")]));
    }
    renderer.render(&report)
}

/// The diagnostic as one JSON object on one line: `file`, `line`, `column`, `severity`, `code`, `message`, and
/// `help` where there is one. Line and column are from 1, and `null` with `file` where there is no place.
pub fn to_json(diagnostic: &Diagnostic) -> String {
    let place = diagnostic.place.as_ref();
    let position = place.map(|place| place.file.line_column(place.range.start));
    let mut object = serde_json::json!({
        "file": place.map(|place| place.file.name()),
        "line": position.map(|(line, _)| line),
        "column": position.map(|(_, column)| column),
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code,
        "message": diagnostic.message,
    });
    if let (Some(help), Some(fields)) = (&diagnostic.help, object.as_object_mut()) {
        fields.insert("help".to_owned(), help.as_str().into());
    }
    object.to_string()
}

/// Control characters of a document must not reach a terminal through a message.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{FFFD}'
            } else {
                c
            }
        })
        .collect()
}

/// First line and the one behind the last, from 0.
fn line_range(label: &Label) -> Range<usize> {
    let (first, _) = label.file.line_column(label.range.start);
    let (last, _) = label.file.line_column(label.range.end);
    first - 1..last
}

/// Name, line and column, for an excerpt whose columns are not those of the document.
fn origin(label: &Label) -> Origin<'_> {
    let (line, column) = label.file.line_column(label.range.start);
    Origin::path(label.file.name())
        .line(line)
        .char_column(column)
}

/// Adds the lines of all labels, which share a file, cut to what can be read.
fn excerpt<'a>(group: Group<'a>, labels: &[(&'a Label, AnnotationKind, &'a str)]) -> Group<'a> {
    let Some((first, ..)) = labels.first() else {
        return group;
    };
    let text = first.file.text();
    let clamped: Vec<Range<usize>> = labels
        .iter()
        .map(|(label, ..)| clamp(&label.file, label.range.clone()))
        .collect();
    let from = clamped.iter().map(|range| range.start).min().unwrap_or(0);
    let to = clamped.iter().map(|range| range.end).max().unwrap_or(0);
    let start = text
        .get(..from)
        .and_then(|t| t.rfind('\n'))
        .map_or(text_start(text), |at| at + 1);
    let end = text
        .get(to..)
        .and_then(|t| t.find('\n'))
        .map_or(text.len(), |at| to + at);
    let (line, _) = first.file.line_column(start);
    let cut = Cut::new(text, start..end, &clamped);
    let mut snippet = Snippet::source(cut.text.clone()).line_start(line);
    if !cut.shortened {
        snippet = snippet.path(first.file.name());
    }
    for ((_, kind, message), range) in labels.iter().zip(clamped) {
        let annotation = kind.span(cut.place(range.start)..cut.place(range.end));
        snippet = snippet.annotation(if message.is_empty() {
            annotation
        } else {
            annotation.label(printable(message))
        });
    }
    if cut.shortened {
        group.element(origin(first)).element(snippet)
    } else {
        group.element(snippet)
    }
}

/// The range inside the text, on character boundaries, and not beginning with a byte order mark.
fn clamp(file: &SourceFile, range: Range<usize>) -> Range<usize> {
    let text = file.text();
    let mut start = text.floor_char_boundary(range.start);
    let mut end = text.ceil_char_boundary(range.end.max(range.start));
    // A place across many lines says no more than its first line does.
    let shown = text.get(start..end).unwrap_or_default();
    if let Some((at, _)) = shown.match_indices('\n').nth(MAX_LINES) {
        end = start + at;
    }
    start = start.max(text_start(text));
    start..end.max(start)
}

/// Behind the byte order mark, if there is one.
fn text_start(text: &str) -> usize {
    if text.starts_with('\u{FEFF}') {
        '\u{FEFF}'.len_utf8()
    } else {
        0
    }
}

/// Excerpt text with over-long lines cut around the places, and the way from document to excerpt offsets.
struct Cut {
    text: String,
    /// Document offset, excerpt offset, length; in order.
    pieces: Vec<(usize, usize, usize)>,
    /// Columns of the excerpt are not those of the document.
    shortened: bool,
}

impl Cut {
    fn new(source: &str, lines: Range<usize>, places: &[Range<usize>]) -> Self {
        let mut cut = Self {
            text: String::new(),
            pieces: Vec::new(),
            shortened: false,
        };
        let mut at = lines.start;
        let body = source.get(lines).unwrap_or_default();
        for line in body.split_inclusive('\n') {
            cut.line(source, at..at + line.len(), places);
            at += line.len();
        }
        cut
    }

    fn line(&mut self, source: &str, line: Range<usize>, places: &[Range<usize>]) {
        if line.len() <= MAX_LINE {
            self.keep(source, line);
            return;
        }
        self.shortened = true;
        let mut windows: Vec<Range<usize>> = Vec::new();
        let mut ends: Vec<usize> = places
            .iter()
            .flat_map(|place| [place.start, place.end])
            .filter(|at| (line.start..=line.end).contains(at))
            .collect();
        ends.push(line.start);
        ends.sort_unstable();
        for at in ends {
            let from = source.floor_char_boundary(at.saturating_sub(AROUND).max(line.start));
            let to = source.ceil_char_boundary((at + AROUND).min(line.end));
            match windows.last_mut() {
                Some(last) if from <= last.end => last.end = last.end.max(to),
                _ => windows.push(from..to),
            }
        }
        // The line's own start is only there to give a line without places some text.
        let first_is_bare = windows
            .first()
            .is_some_and(|w| !places.iter().any(|p| p.start <= w.end && p.end >= w.start));
        if windows.len() > 1 && first_is_bare {
            windows.remove(0);
        }
        let mut shown_to = line.start;
        for window in windows {
            if window.start > shown_to {
                self.text.push('…');
            }
            shown_to = window.end;
            self.keep(source, window);
        }
        if shown_to < line.end {
            self.text.push('…');
            if source.get(line.clone()).is_some_and(|l| l.ends_with('\n')) {
                self.text.push('\n');
            }
        }
    }

    fn keep(&mut self, source: &str, range: Range<usize>) {
        let piece = source.get(range.clone()).unwrap_or_default();
        self.pieces
            .push((range.start, self.text.len(), piece.len()));
        self.text.push_str(piece);
    }

    fn place(&self, offset: usize) -> usize {
        let next = self.pieces.partition_point(|piece| piece.0 <= offset);
        next.checked_sub(1)
            .and_then(|index| self.pieces.get(index))
            .map_or(0, |(from, to, len)| to + (offset - from).min(*len))
            .min(self.text.len())
    }
}

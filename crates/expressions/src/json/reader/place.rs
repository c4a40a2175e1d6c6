//! Where the reader stands: line, column and path, counted only when something is wrong.

use super::super::error::{Error, ErrorKind, ReaderPosition};
use super::super::token::TokenType;
use super::super::tree::NONE;
use super::super::writer;
use super::{Parser, State};

impl Parser<'_> {
    /// An exception at the reader's place.
    pub(super) fn error(&self, message: &str) -> Error {
        Error::at(ErrorKind::JsonReader, message, self.position())
    }

    pub(super) fn position(&self) -> ReaderPosition {
        let read = self
            .text
            .get(..self.at.min(self.text.len()))
            .unwrap_or(self.text);
        let breaks = read.bytes().zip(read.bytes().skip(1).chain([0]));
        // A carriage return before a line feed ends no line of its own.
        let lines = breaks
            .filter(|(byte, next)| *byte == b'\n' || (*byte == b'\r' && *next != b'\n'))
            .count();
        let line_start = read.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let column = read
            .get(line_start..)
            .unwrap_or_default()
            .encode_utf16()
            .count();
        let at_start = self.state == State::Start && column == 0 && !self.after_comment;
        ReaderPosition {
            line: if at_start {
                0
            } else {
                u32::try_from(lines + 1).unwrap_or(u32::MAX)
            },
            column: u32::try_from(column).unwrap_or(u32::MAX),
            path: self.path(),
        }
    }

    fn path(&self) -> String {
        let just_opened = matches!(
            self.state,
            State::ArrayStart | State::ObjectStart | State::ConstructorStart
        );
        let shown = self.stack.len() - usize::from(just_opened && !self.stack.is_empty());
        let mut path = String::new();
        for frame in self.stack.iter().take(shown) {
            if frame.token_type == TokenType::Object {
                if frame.property != NONE
                    && let Some(name) = self.nodes.property_name(frame.property)
                {
                    writer::push_path_name(&mut path, &name.to_utf8());
                }
            } else {
                path.push_str(&format!("[{}]", frame.position));
            }
        }
        path
    }
}

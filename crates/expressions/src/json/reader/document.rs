//! A whole text: what its first token must be, and what it means when it ends too early.

use super::super::error::{Error, ErrorKind, Result};
use super::super::token::JToken;
use super::super::tree::{Id, Kind, Tree};
use super::{Mode, Parser, Step};

impl Parser<'_> {
    pub(super) fn document(mut self, mode: Mode) -> Result<Option<JToken>> {
        let mut tokens = 0_usize;
        // A comment can be the whole result of `JToken.Parse`; what follows is read and dropped.
        let mut comment_root = false;
        loop {
            match self.step()? {
                Step::Nothing => {}
                Step::Token("Comment") if tokens == 0 => {
                    if mode == Mode::Token {
                        comment_root = true;
                        tokens = 1;
                    } else {
                        self.root = None;
                    }
                }
                Step::Token(name) => {
                    if tokens == 0 {
                        self.check_root(mode, name)?;
                    }
                    tokens += 1;
                }
                Step::End => break,
            }
        }
        let Some(root) = self.root else {
            return match mode {
                Mode::Content => Ok(None),
                Mode::Object | Mode::Array if self.after_comment => {
                    Err(self.wrong_root(mode, "None"))
                }
                _ => Err(self.error(&format!("Error reading {} from JsonReader.", mode.class()))),
            };
        };
        if !self.stack.is_empty() && !comment_root {
            return Err(self.unexpected_end(mode, root, tokens));
        }
        Ok(Some(JToken {
            tree: Tree::new(self.nodes),
            id: root,
        }))
    }

    fn check_root(&self, mode: Mode, name: &str) -> Result<()> {
        match (mode, name) {
            (Mode::Object, "StartObject")
            | (Mode::Array, "StartArray")
            | (Mode::Token | Mode::Content, _) => Ok(()),
            _ => Err(self.wrong_root(mode, name)),
        }
    }

    fn wrong_root(&self, mode: Mode, name: &str) -> Error {
        let wanted = if mode == Mode::Object {
            "object"
        } else {
            "array"
        };
        self.error(&format!(
            "Error reading {} from JsonReader. Current JsonReader item is not an {wanted}: {name}",
            mode.class()
        ))
    }

    fn unexpected_end(&self, mode: Mode, root: Id, tokens: usize) -> Error {
        let class = match self.nodes.get(root).kind {
            Kind::Object(_) => "JObject",
            Kind::Array(_) => "JArray",
            _ => "JConstructor",
        };
        if mode == Mode::Content {
            let message = match (tokens, class) {
                (1, "JObject") => "Unexpected end when reading JSON.",
                (_, "JObject") => "Unexpected end when deserializing object.",
                _ => "Unexpected end when deserializing array.",
            };
            return Error::at(ErrorKind::JsonSerialization, message, self.position());
        }
        if tokens == 1 {
            return self.error(&format!("Error reading {class} from JsonReader."));
        }
        self.error(&format!("Unexpected end of content while loading {class}."))
    }
}
